"""What can be seen of the page without a browser: what it loads, what it names, its colours."""

import re

import pytest

from compjax.web.app import PAGES, STATIC

HTML, CSS = ((STATIC / name).read_text() for name in ("index.html", "style.css"))
MODULES = {path.name: path.read_text() for path in sorted(STATIC.glob("*.js"))}
JS = "\n".join(MODULES.values())


def test_nothing_loads_from_the_network():
    for text in (HTML, CSS, JS):
        assert not re.findall(
            r"""(?:https?:)?//[\w-]+\.\w+""", text.replace("http://www.w3.org/2000/svg", "")
        )
    loaded = {path for path in re.findall(r'(?:src|href)="([^"]+)"', HTML) if path.startswith("/")}
    imported = {f"/{name}" for name in re.findall(r'from "\./([^"]+)"', JS)}
    assert {path for path in loaded if not path.startswith("/api/")} | imported == set(PAGES) - {"/"}
    assert "@import" not in CSS and "url(" not in CSS


def test_the_policy_forbids_nothing_that_the_page_does():
    assert not re.search(r"<[^>]+\sstyle=|<[^>]+\son\w+=|<style|<script>", HTML)
    assert 'style="' not in JS and "eval(" not in JS


def test_the_script_finds_what_it_looks_for():
    ids = set(re.findall(r'id="([\w-]+)"', HTML))
    made = set(re.findall(r'id: "([\w-]+)"', JS))
    wanted = set(re.findall(r'\$\("([\w-]+)"\)', JS))
    assert wanted and wanted <= ids | made


def test_modules_are_short_and_take_what_others_give():
    for name, text in MODULES.items():
        assert len(text.splitlines()) <= 300, name
        for names, module in re.findall(r'^import \{(.*?)\} from "\./([^"]+)"', text, re.M | re.S):
            given = set(re.findall(r"^export (?:async )?\w+ ([\w$]+)", MODULES[module], re.M))
            given |= {
                word
                for line in re.findall(r"^export let (.*);", MODULES[module], re.M)
                for word in re.findall(r"(\w+) =", line)
            }
            wanted = {word.strip() for word in names.split(",") if word.strip()}
            assert wanted <= given, f"{name} wants {wanted - given} of {module}"
            body = text[text.rindex('from "./') :]
            unused = {
                word for word in wanted if not re.search(rf"(?<![\w$]){re.escape(word)}(?![\w$])", body)
            }
            assert not unused, f"{name} does not use {unused}"


def test_ids_are_unique_and_labels_lead_somewhere():
    ids = re.findall(r'\sid="([\w-]+)"', HTML)
    assert len(ids) == len(set(ids))
    made = {"input-title", "target-title"}  # by the script
    assert set(re.findall(r'(?:for|aria-labelledby)="([\w-]+)"', HTML)) <= {*ids, *made}


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def schemes() -> dict[str, dict[str, str]]:
    """Colours by name, of the light and of the dark scheme."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.S)[:2]
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    return {"light": found[0], "dark": {**found[0], **found[1]}}


TEXT = [
    *(
        (text, ground)
        for ground in ("paper", "card")
        for text in ("ink", "quiet", "input", "target", "result", "bad")
    ),
    *(("ink", f"soft-{role}") for role in ("input", "target", "result")),
    *(("on", role) for role in ("input", "target", "result", "ink")),
    ("quiet", "line"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text, ground", TEXT)
def test_text_stands_out(scheme, text, ground):
    colours = schemes()[scheme]
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mark", ["edge", "input", "target", "result"])
def test_edges_of_controls_and_marks_stand_out(scheme, mark):
    colours = schemes()[scheme]
    assert min(contrast(colours[mark], colours[ground]) for ground in ("paper", "card")) >= 3.0


def test_contrast_is_computed_as_the_standard_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
