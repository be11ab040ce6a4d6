import types

from compjax.web.shelf import Shelf


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def thing(size=1, busy=False, shared=None):
    """A thing of `size` bytes, in a part that is shared with others if it is named."""
    made = types.SimpleNamespace(busy=busy)
    made.parts = {id(made) if shared is None else shared: size}
    return made


def test_ids_cannot_be_guessed_and_find_their_things():
    shelf = Shelf(60, 100)
    things = [thing() for _ in range(20)]
    names = [shelf.put(item) for item in things]
    assert len(set(names)) == 20 and min(map(len, names)) >= 22  # 128 bits
    assert [shelf.get(name) for name in names] == things
    assert shelf.get("nothing") is None and shelf.remove("nothing") is None


def test_what_nobody_asks_for_goes_after_its_time():
    clock = Clock()
    shelf = Shelf(60, 100, clock)
    used, unused = shelf.put(thing()), shelf.put(thing())
    clock.now = 50
    assert shelf.get(used)
    clock.now = 70
    shelf.sweep()
    assert shelf.get(used) and shelf.get(unused) is None
    clock.now = 200
    shelf.sweep()
    assert len(shelf) == 0


def test_beyond_its_capacity_the_longest_unused_go_and_the_newest_stays():
    shelf = Shelf(60, 10)
    first, second = shelf.put(thing(4)), shelf.put(thing(4))
    shelf.get(first)
    third = shelf.put(thing(4))
    assert shelf.get(second) is None and shelf.get(first) and shelf.get(third)
    huge = shelf.put(thing(50))
    assert shelf.get(huge) and len(shelf) == 1


def test_what_several_hold_counts_once():
    shelf = Shelf(60, 10)
    names = [shelf.put(thing(6, shared=-1)) for _ in range(5)]
    assert all(map(shelf.get, names))
    shelf.put(thing(6, shared=-2))
    assert len(shelf) == 1


def test_what_was_left_goes_soon_unless_it_is_asked_for():
    clock = Clock()
    shelf = Shelf(60, 100, clock)
    left, back, busy = thing(), thing(), thing(busy=True)
    names = [shelf.put(item) for item in (left, back, busy)]
    for name in names:
        shelf.leave(name, 20)
    clock.now = 10
    assert shelf.get(names[1]) is back
    clock.now = 21
    assert shelf.get(names[0]) is None and shelf.get(names[1]) is back
    assert shelf.sweep() == [left, busy] and len(shelf) == 1
    shelf.leave("nothing", 1)


def test_what_is_worked_on_stays():
    clock = Clock()
    shelf = Shelf(60, 1, clock)
    busy = shelf.put(thing(5, busy=True))
    clock.now = 100
    shelf.put(thing(5))
    assert shelf.get(busy)


def test_remove_and_clear():
    shelf = Shelf(60, 100)
    item = thing()
    name = shelf.put(item)
    assert shelf.remove(name) is item and shelf.get(name) is None
    shelf.put(item)
    shelf.clear()
    assert len(shelf) == 0
