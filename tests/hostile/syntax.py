"""YAML as a weapon: what a parser would expand, build, recurse into or run."""

from __future__ import annotations

from tests.hostile.case import Case, Cases, field, fleet, tagged

ONCE = "is written twice"
EARLIER = "refers to an earlier value"
LEVELS = "more than 32 levels deep"
TAG = "is not allowed"


def duplicate_keys() -> Cases:
    yield Case("fleet twice", "fleet: ab\nfleet: cd\n", ONCE)
    yield Case("the same value", "fleet: ab\nfleet: ab\n", ONCE)
    yield Case("one is quoted", 'fleet: ab\n"fleet": cd\n', ONCE)
    yield Case("one is escaped", 'fleet: ab\n"\\x66leet": cd\n', ONCE)
    yield Case("one is an explicit key", "fleet: ab\n? fleet\n: cd\n", ONCE)
    yield Case("defaults twice", fleet() + "defaults: {}\ndefaults: {gpu: {}}\n", ONCE)
    yield Case("workstations twice", fleet() + "workstations: {}\n", ONCE)
    yield Case("the later is null", fleet() + "workstations:\n", ONCE)
    yield Case("a workstation", fleet() + "  ws: {gpu: {count: 2}}\n", ONCE)
    yield Case("a setting", fleet("gpu: {}, gpu: {count: 2}"), ONCE)
    yield Case("a setting of a setting", fleet("gpu: {count: 1, count: 2}"), ONCE)
    yield Case("a tag", tagged("a\n    Team: b"), ONCE)
    yield Case("a mount", fleet("storage: {mounts: [{at: /a, at: /b}]}"), ONCE)
    yield Case("thrice", "fleet: ab\nfleet: ab\nfleet: ab\n", ONCE)
    yield Case("the first is bad", "fleet: no\nfleet: ab\n", ONCE)
    yield Case("in flow style", "{fleet: ab, workstations: {}, fleet: cd}\n", ONCE)
    yield Case("in the defaults", {"_defaults.yaml": "site: a1\nsite: b1\n"}, ONCE)
    merged = "merge keys are not used here"
    base = "x-base: &base {gpu: {}}\n"
    yield Case("merge of an alias", base + fleet("<<: *base"), merged)
    yield Case("merge of a map", fleet("<<: {gpu: {}}, gpu: {count: 2}"), merged)
    yield Case("merge of a list", fleet("<<: [{gpu: {}}, {gpu: {count: 2}}]"), merged)
    yield Case("merge at the top", "<<: {fleet: ab}\nfleet: cd\n", merged)
    yield Case("merge among tags", tagged("a\n    <<: {Team: b}"), merged)
    yield Case("merge of workstations", fleet() + "  <<: {ws: {gpu: {}}}\n", merged)
    yield Case("a quoted merge", fleet('"<<": {gpu: {}}'), "is not a field")
    yield Case("a tagged merge", fleet("!!merge <<: {gpu: {}}"), merged)


def alias_bombs() -> Cases:
    for width, depth in ((10, 9), (2, 30), (100, 4), (1000, 2)):
        lists = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * width)}]" for n in range(1, depth)]
        yield Case(
            f"lists of {width}, {depth} deep", "\n".join(["l0: &l0 [x]", *lists]) + "\n", EARLIER
        )
        maps = [
            f"l{n}: &l{n} {{{', '.join(f'k{k}: *l{n - 1}' for k in range(width))}}}"
            for n in range(1, depth)
        ]
        yield Case(
            f"maps of {width}, {depth} deep", "\n".join(["l0: &l0 {a: b}", *maps]) + "\n", EARLIER
        )
    yield Case("long text, often", f"a: &a {'x' * 4000}\nb: [{'*a, ' * 20_000}]\n", EARLIER)
    yield Case("as a value", f"x: &a ab\n{fleet('owner: *a')}", EARLIER)
    yield Case("as a key", f"x: &a ab\n{fleet()}  *a : {{gpu: {{}}}}\n", EARLIER)
    yield Case("as a workstation", fleet() + "  b1: &a {gpu: {}}\n  b2: *a\n", EARLIER)
    yield Case("of an anchor on a key", "&a fleet: ab\nworkstations: {*a : {}}\n", EARLIER)
    yield Case("of an anchor written twice", "x: &a 1\ny: &a 2\nfleet: *a\n", EARLIER)
    yield Case("of nothing", "fleet: *nowhere\n", EARLIER)
    yield Case("with a hidden name", "fleet: *\u0430b\n", "mean something else in YAML")
    yield Case("an anchor alone", "&a\n", "the file is empty")


def recursive_aliases() -> Cases:
    yield Case("a list in itself", "fleet: &a [*a]\n", EARLIER)
    yield Case("a map in itself", "fleet: &a {b: *a}\n", EARLIER)
    yield Case("the file in itself", "&a\nfleet: ab\nx: *a\n", EARLIER)
    yield Case("a key in itself", "fleet: &a {? *a : b}\n", EARLIER)
    yield Case("deep in itself", f"fleet: &a {'[' * 20}*a{']' * 20}\n", EARLIER)
    yield Case("by turns", "x: &a [&b [*a, *b]]\nfleet: *b\n", EARLIER)
    yield Case("a workstation in itself", fleet() + "  w2: &w {gpu: *w}\n", EARLIER)
    yield Case("tags in themselves", tagged("&a {Team: *a}"), EARLIER)
    yield Case("merged into itself", "&a\nfleet: ab\n<<: *a\n", "merge keys")
    yield Case("a list of itself, often", f"fleet: &a [{'*a, ' * 500}]\n", EARLIER)


def deep_nesting() -> Cases:
    for depth in (33, 500, 5_000, 100_000):
        yield Case(f"{depth} lists", f"fleet: {'[' * depth}{']' * depth}\n", LEVELS)
        yield Case(f"{depth} open lists", "[" * depth, LEVELS)
        yield Case(f"{depth} maps", "{a: " * min(depth, 50_000), LEVELS)
        yield Case(f"{depth} dashes", "- " * depth, LEVELS)
    yield Case("keys of keys", "? " * 5_000, LEVELS)
    yield Case("maps as keys", "{{" * 5_000, LEVELS)
    yield Case("by turns", "fleet: " + "[{a: " * 2_000, LEVELS)
    steps = "".join(f"{' ' * n}k:\n" for n in range(300))
    yield Case("one more blank a line", steps, LEVELS)
    yield Case("below a good start", fleet() + f"  w2: {'{gpu: ' * 40}\n", LEVELS)
    yield Case("in a tag", tagged("[" * 60), LEVELS)
    yield Case("closing brackets only", "fleet: " + "]" * 5_000 + "\n")


def tags() -> Cases:
    for tag in (
        "!!python/object/apply:os.system",
        "!!python/object/new:subprocess.Popen",
        "!!python/object:builtins.eval",
        "!!python/name:os.system",
        "!!python/module:antigravity",
        "!!python/tuple",
        "!!binary",
        "!!set",
        "!!omap",
        "!!pairs",
        "!!timestamp",
        "!!float",
        "!!int",
        "!!bool",
        "!!null",
        "!local",
        "!<tag:yaml.org,2002:int>",
        "!<!str>",
        "!ruby/object:Gem::Installer",
        "!js/function",
        "!include",
        "!env",
        "!Ref",
        "!Sub",
        "!vault",
    ):
        yield Case(f"{tag} on a value", field(f"owner: {tag} 'touch canary'"), TAG)
    yield Case("on a map", fleet("gpu: !!map {memory: 24GB}"), TAG)
    yield Case("on a list", fleet('instance_types: !!python/object/apply:os.system ["x"]'), TAG)
    yield Case("on a key", fleet("!!int gpu: {}"), TAG)
    yield Case("on the file", "!!python/object/apply:os.system\nfleet: ab\n", TAG)
    yield Case("with escapes in it", "fleet: !%1b%5b31m x\n")
    yield Case("of an unknown prefix", "fleet: !e!python x\n", "not allowed")
    yield Case("a directive for tags", "%TAG ! tag:evil,2026:\n---\nfleet: ab\n", "directives")
    yield Case("a directive for the version", "%YAML 1.1\n---\nfleet: ab\n", "directives")
    yield Case("an unknown directive", "%LOAD /etc/passwd\n---\nfleet: ab\n", "directives")


def unfinished() -> Cases:
    for name, text in {
        "a tab before a key": "fleet: ab\n\tsite: x\n",
        "a tab before a nested key": "fleet: ab\nworkstations:\n\tws: {gpu: {}}\n",
        "a tab after a dash": "fleet: ab\nregions:\n-\t- us-east-1\n",
        "blanks, then a tab": "fleet: ab\nworkstations:\n  \tws:\n  \t  gpu: {}\n",
        "a tab in a flow map": "fleet: ab\nworkstations: {\n\t\tws: [\n",
        "an open double quote": 'fleet: "ab\n',
        "an open single quote": "fleet: 'ab\n",
        "an open quote over lines": 'fleet: ab\nsite: "x\nworkstations: {}\n# end\n',
        "an open quote in a key": '"fleet: ab\n',
        "an open list": "fleet: ab\nregions: [us-east-1\n",
        "an open map": "fleet: ab\nworkstations: {ws: {gpu: {}}\n",
        "brackets crossed": "fleet: ab\nregions: [us-east-1}\n",
        "a bracket too many": "fleet: ab\nregions: [us-east-1]]\n",
        "a comma too many": "{fleet: ab,,}\n",
        "no colon": "fleet ab\n",
        "no blank after the colon": "fleet:ab\n",
        "two colons": "fleet: ab: cd\n",
        "a key without its line": "fleet: ab\n  site: x\n",
        "less and less indented": "fleet: ab\nworkstations:\n    ws:\n   gpu: {}\n",
        "an anchor without a name": "fleet: &\n",
        "an alias without a name": "fleet: *\n",
        "a tag that never ends": "fleet: !<x\n",
        "an unknown escape": 'fleet: "\\q"\n',
        "half an escape": 'fleet: "\\u12"\n',
        "an escape past Unicode": 'fleet: "\\U00110000"\n',
        "an escaped surrogate": 'fleet: "\\ud800"\n',
        "an escaped NUL": 'fleet: "a\\0b"\n',
        "an escaped ESC": 'fleet: "a\\e[31mb"\n',
        "a block with odd marks": "fleet: |9x\n  ab\n",
        "a block of two lines": "fleet: |\n  a\n  b\n",
        "a folded block": "fleet: >\n  ab\n\n  cd\n",
        "a reserved sign": "fleet: @ab\n",
        "a backquote": "fleet: `id`\n",
        "a percent sign": "fleet: %x\n",
        "a template": "fleet: {{ site }}\n",
        "a merge conflict": "<<<<<<< HEAD\nfleet: ab\n=======\nfleet: cd\n>>>>>>> x\n",
        "CRLF and an open list": "fleet: ab\r\nregions: [\r\n",
        "CR alone and an open quote": "fleet: ab\rsite: 'x\r",
        "JSON with a trailing comma": '{"fleet": "ab",, }\n',
        "two JSON documents": '{"fleet": "ab"}\n{"fleet": "cd"}\n',
    }.items():
        yield Case(name, text)


CATEGORIES = {
    "duplicate keys": duplicate_keys,
    "alias bombs": alias_bombs,
    "recursive aliases": recursive_aliases,
    "deep nesting": deep_nesting,
    "tags": tags,
    "tabs, CRLF, unfinished": unfinished,
}
