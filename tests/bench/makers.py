"""(g) Making records: the emulator against Faker, both into three NDJSON files."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import pinlake
from bench.data import KINDS, SEED, Data, emulate, payloads
from bench.measure import Figure, Mismatch, alternate

if TYPE_CHECKING:
    from faker import Faker

# Posts of the emulator for each of Faker's, so that both runs last long enough to be timed.
MORE = 100

CATEGORIES = (
    "art",
    "beauty",
    "christmas",
    "diy-and-crafts",
    "education",
    "event-planning",
    "finance",
    "home-decor",
    "mens-fashion",
    "quotes",
    "tattoos",
    "travel",
    "vehicles",
)


def makers(data: Data, rounds: int) -> list[Figure]:
    """Seconds for the same number of posts, on one thread and on all."""
    ours, theirs = data.folder / "emulated", data.folder / "faked"
    few = data.sizes.faker_posts
    faker = partial(fake, theirs, few)
    emulate(ours, few)
    faker()
    same_shape(ours, theirs)
    took = alternate(
        {
            "one thread": partial(emulate, ours, few * MORE, threads=1),
            "Faker": faker,
            "all threads": partial(emulate, ours, few * MORE),
        },
        rounds,
    )
    figures = []
    for name, target in (("one thread", 60), ("all threads", None)):
        each = [seconds / MORE for seconds in took[name]]
        rates = f"{few / median(took['Faker']):,.0f} (emulator {few / median(each):,.0f}, {name})"
        what = f"{few:,} posts made, {name}"
        notes = {"posts a second": rates}
        figures.append(Figure("g", what, each, "Python Faker", took["Faker"], target, notes))
    return figures


def fake(folder: Path, posts: int) -> None:
    """The same 12 + 5 + 5 fields a post, by Faker."""
    from faker import Faker

    faker = Faker()
    faker.seed_instance(SEED)
    folder.mkdir(exist_ok=True)
    files = [(folder / f"{kind}.jsonl").open("w", encoding="utf-8") for kind in KINDS]
    for index in range(posts):
        for file, record in zip(files, (pin, geo, user), strict=True):
            file.write(json.dumps(record(faker, index), ensure_ascii=False))
            file.write("\n")
    for file in files:
        file.close()


def pin(faker: Faker, index: int) -> dict[str, Any]:
    """What was posted."""
    category = faker.random_element(CATEGORIES)
    return {
        "index": index,
        "unique_id": faker.uuid4(),
        "title": faker.sentence(10),
        "description": faker.text(260),
        "poster_name": faker.name(),
        "follower_count": f"{faker.random_int(1, 999)}{faker.random_element(('', 'k', 'M'))}",
        "tag_list": ",".join(faker.sentence(3) for _ in range(9)),
        "is_image_or_video": faker.random_element(("image", "video")),
        "image_src": f"https://i.pinimg.com/originals/{faker.md5()}.jpg",
        "downloaded": faker.random_int(0, 1),
        "save_location": f"Local save in /data/{category}",
        "category": category,
    }


def geo(faker: Faker, index: int) -> dict[str, Any]:
    """When and from where."""
    posted = faker.date_time_between(datetime(2017, 10, 19), datetime(2022, 10, 19))
    return {
        "ind": index,
        "timestamp": posted.isoformat(),
        "latitude": float(faker.latitude()),
        "longitude": float(faker.longitude()),
        "country": faker.country(),
    }


def user(faker: Faker, index: int) -> dict[str, Any]:
    """By whom."""
    joined = faker.date_time_between(datetime(2015, 10, 21), datetime(2017, 10, 20))
    return {
        "ind": index,
        "first_name": faker.first_name(),
        "last_name": faker.last_name(),
        "age": faker.random_int(20, 60),
        "date_joined": joined.isoformat(),
    }


def same_shape(ours: Path, theirs: Path) -> None:
    """Random texts cannot be equal: both must have the same fields, JSON types and, within a
    third, the same size, and all records must be clean."""
    for kind in KINDS:
        files = {"emulator": ours / f"{kind}.jsonl", "faker": theirs / f"{kind}.jsonl"}
        shapes = {who: _shape(kind, path) for who, path in files.items()}
        (fields, size), (their_fields, their_size) = shapes["emulator"], shapes["faker"]
        if fields != their_fields:
            raise Mismatch(f"{kind}: the emulator makes {fields}, Faker {their_fields}")
        if not size / 1.5 < their_size < size * 1.5:
            sizes = f"{size:.0f} bytes a record, Faker's {their_size:.0f}"
            raise Mismatch(f"{kind}: the emulator's have {sizes}")


def _shape(kind: str, path: Path) -> tuple[list[tuple[str, str]], float]:
    import pyarrow as pa

    lines = payloads(path)
    cleaned = pa.record_batch(pinlake.clean_batch(kind, lines))
    for column, name in (("_reject", "rejected records"), ("_errors", "bad fields")):
        if any(cleaned.column(column).to_pylist()):
            raise Mismatch(f"{path.name}: {name}")
    first = json.loads(lines[0].as_py())
    fields = [(name, type(value).__name__) for name, value in first.items()]
    return fields, path.stat().st_size / len(lines)
