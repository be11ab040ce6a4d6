from starlette.routing import Route

from compjax.music.factors import FACTORS
from compjax.web import orders
from compjax.web.config import ServeConfig
from compjax.web.openapi import describe

DESCRIPTION = describe(ServeConfig(max_samples=5))


def test_every_address_is_described(client):
    routes = [
        route for route in client.app.routes if isinstance(route, Route) and route.path.startswith("/api")
    ]
    real = {
        (route.path.replace(":int", ""), method) for route in routes for method in route.methods - {"HEAD"}
    }
    described = {
        (path, method.upper()) for path, methods in DESCRIPTION["paths"].items() for method in methods
    }
    assert described == real


def test_the_order_has_the_options_of_python():
    order = DESCRIPTION["components"]["schemas"]["Order"]
    assert set(order["properties"]) == set(orders.FIELDS) and set(FACTORS) <= set(order["properties"])
    assert order["properties"]["num_samples"]["maximum"] == 5
    assert all("description" in order["properties"][name] for name in ("bpm", "swing", "loop", "input_meter"))
    assert order["properties"]["transpose"]["description"].startswith("semitones")


def test_answers_are_as_described(client, sounds):
    clip = client.post("/api/clips", content=sounds["input"]).json()
    made = client.post("/api/compositions", json={"input": clip["id"], "target": clip["id"]}).json()
    schemas = DESCRIPTION["components"]["schemas"]
    assert set(clip) == set(schemas["Clip"]["properties"])
    assert set(made) == set(schemas["Composition"]["properties"])
    while not (results := (now := client.get(f"/api/compositions/{made['id']}").json())["results"]):
        assert not now["error"]
    assert set(results[0]) == set(schemas["Result"]["properties"])
    assert set(client.get(f"/api/clips/{clip['id']}/spectrogram").json()) == set(
        schemas["Spectrogram"]["properties"]
    )


def test_every_reference_leads_somewhere(client):
    assert client.get("/api/openapi.json").json()["info"]["title"] == "compjax"

    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    names = {reference.rpartition("/")[2] for reference in references(DESCRIPTION)}
    assert names and names <= set(DESCRIPTION["components"]["schemas"])
