//! Made records: `f(seed, kind, index)`, in the shapes and at the frequencies of the real tables.

use super::PostKind;
use super::hash::{Draws, Permutation, mix};
use super::json::{push_decimal, push_hex, push_number, push_string};
use super::people::{BLOCK, Person};
use super::tables::{CATEGORIES, FOLLOWERS, POSTED};
use super::text::Text;
use super::time::push_datetime;
use super::words::{EMOJI, FIRST_NAMES, LAST_NAMES, POSTER_FIRST, POSTER_FORMS, POSTER_SECOND, WORLD};

/// Raised whenever the bytes of any made record change.
pub const SYNTHETIC_VERSION: u32 = 1;

const USE_PIN: u64 = 0x20;
const USE_TITLE: u64 = 0x21;
const USE_DESCRIPTION: u64 = 0x22;
const USE_TAGS: u64 = 0x23;
const USE_POSTER: u64 = 0x24;
const USE_FOLLOWERS: u64 = 0x25;
const USE_POSTED: u64 = 0x26;

/// What a pin shows and what of it is missing: of 2,004 real pins with a readable poster.
struct Shape {
    pins: u16,
    medium: Medium,
    described: bool,
    tagged: bool,
    downloaded: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Medium {
    Image,
    Video,
    Story,
}

const fn shape(pins: u16, medium: Medium, described: bool, tagged: bool, downloaded: bool) -> Shape {
    Shape { pins, medium, described, tagged, downloaded }
}

const SHAPES: [Shape; 9] = [
    shape(1_781, Medium::Image, true, true, true),
    shape(90, Medium::Story, false, true, true),
    shape(55, Medium::Video, true, true, true),
    shape(34, Medium::Story, false, true, false),
    shape(28, Medium::Image, false, true, true),
    shape(10, Medium::Image, true, false, true),
    shape(3, Medium::Video, true, false, true),
    shape(2, Medium::Video, false, true, true),
    shape(1, Medium::Story, false, false, true),
];

/// Every pin of the poster who could not be read is one of these.
const UNREADABLE: Shape = shape(0, Medium::Story, false, false, false);

/// The source of made records.
#[derive(Debug, Clone, Copy)]
pub struct Synthetic {
    seed: u64,
}

impl Synthetic {
    /// The records that belong to a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Appends the record of a kind and an index.
    ///
    /// ```
    /// use pinlake::emulate::{PostKind, Synthetic};
    /// let mut geo = Vec::new();
    /// Synthetic::new(100).write(PostKind::Geo, 7528, &mut geo);
    /// assert!(geo.starts_with(br#"{"ind": 7528, "timestamp": "20"#));
    /// ```
    pub fn write(&self, kind: PostKind, index: u64, out: &mut Vec<u8>) {
        match kind {
            PostKind::Pin => self.pin(index, out),
            PostKind::Geo => self.geo(index, out),
            PostKind::User => self.user(index, out),
        }
    }

    fn geo(&self, index: u64, out: &mut Vec<u8>) {
        let person = Person::of_post(self.seed, index);
        let (first, last) = POSTED;
        let span = (last - first + 1).unsigned_abs();
        let second = Draws::new(self.seed, USE_POSTED, index).below(span);
        let place = person.place();
        put(out, "{\"ind\": ");
        push_number(index, out);
        put(out, ", \"timestamp\": \"");
        push_datetime(first + second.cast_signed(), out);
        put(out, "\", \"latitude\": ");
        push_degrees(place.latitude, 4, 1, place.digit, out);
        put(out, ", \"longitude\": ");
        push_degrees(place.longitude, 3, 10, place.digit, out);
        put(out, ", \"country\": ");
        push_string(person.country(), out);
        put(out, "}");
    }

    fn user(&self, index: u64, out: &mut Vec<u8>) {
        let person = Person::of_post(self.seed, index);
        let (second, first, last) = person.joined(FIRST_NAMES.len(), LAST_NAMES.len());
        put(out, "{\"ind\": ");
        push_number(index, out);
        put(out, ", \"first_name\": \"");
        put(out, FIRST_NAMES[first]);
        put(out, "\", \"last_name\": \"");
        put(out, LAST_NAMES[last]);
        put(out, "\", \"age\": ");
        push_number(u64::from(person.age()), out);
        put(out, ", \"date_joined\": \"");
        push_datetime(second, out);
        put(out, "\"}");
    }

    fn pin(&self, index: u64, out: &mut Vec<u8>) {
        let person = Person::of_post(self.seed, index);
        let mut draws = Draws::new(self.seed, USE_PIN, index);
        let shape = if person.unreadable() { &UNREADABLE } else { shape_of(draws.below(2_004)) };
        let at = index % BLOCK;
        let category = CATEGORIES.partition_point(|(_, from)| u64::from(*from) <= at) - 1;
        let words = |use_of| Draws::new(self.seed, use_of, index);

        put(out, "{\"index\": ");
        push_number(index, out);
        put(out, ", \"unique_id\": \"");
        push_uuid(draws.bits(), draws.bits(), out);
        put(out, "\", \"title\": \"");
        if person.unreadable() {
            put(out, "No Title Data Available");
        } else {
            Text::new(category, words(USE_TITLE), out).title();
        }
        put(out, "\", \"description\": \"");
        match (shape.described, shape.medium) {
            (true, _) => Text::new(category, words(USE_DESCRIPTION), out).description(),
            (false, Medium::Story) => put(out, "No description available Story format"),
            (false, _) => put(out, "No description available"),
        }
        put(out, "\", \"poster_name\": \"");
        self.poster(person, out);
        put(out, "\", \"follower_count\": \"");
        followers(person, &mut draws, out);
        put(out, "\", \"tag_list\": \"");
        if shape.tagged {
            Text::new(category, words(USE_TAGS), out).tags();
        } else {
            put(out, "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e");
        }
        put(out, "\", \"is_image_or_video\": \"");
        put(out, shape.medium.name());
        put(out, "\", \"image_src\": \"");
        image(shape, &mut draws, out);
        put(out, if shape.downloaded { "\", \"downloaded\": 1" } else { "\", \"downloaded\": 0" });
        put(out, ", \"save_location\": \"Local save in /data/");
        put(out, CATEGORIES[category].0);
        put(out, "\", \"category\": \"");
        put(out, CATEGORIES[category].0);
        put(out, "\"}");
    }

    /// A poster's name; the words come round again only with a number behind them.
    fn poster(&self, person: Person, out: &mut Vec<u8>) {
        if person.unreadable() {
            return put(out, "User Info Error");
        }
        let (firsts, seconds) = (POSTER_FIRST.len(), POSTER_SECOND.len());
        let names = (firsts * seconds * POSTER_FORMS.len()) as u64;
        let (round, name) = (person.number() / names, person.number() % names);
        let name = Permutation::new(mix(self.seed, USE_POSTER), names).at(name);
        let name = usize::try_from(name).unwrap_or_default();
        let (between, behind) = POSTER_FORMS[name / (firsts * seconds)];
        put(out, POSTER_FIRST[name % firsts]);
        put(out, between);
        put(out, POSTER_SECOND[name / firsts % seconds]);
        put(out, behind);
        if round > 0 {
            put(out, " ");
            push_number(round + 1, out);
        }
        // Decorations as often as in the real names; none of them makes two names equal.
        let mut draws = person.draws(USE_POSTER);
        match draws.below(10_000) {
            0..170 => put(out, " "),
            170..190 => {
                put(out, " ");
                put(out, draws.pick::<&str>(&EMOJI));
            }
            190..230 => {
                put(out, " | ");
                put(out, draws.pick::<&str>(&WORLD));
            }
            230..430 => put(out, " ♡"),
            430..435 => put(out, " \\\"Official\\\""),
            _ => {}
        }
    }
}

impl Medium {
    fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Story => "multi-video(story page format)",
        }
    }
}

#[inline]
fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn shape_of(mut pin: u64) -> &'static Shape {
    for shape in &SHAPES {
        let pins = u64::from(shape.pins);
        if pin < pins {
            return shape;
        }
        pin -= pins;
    }
    &SHAPES[0]
}

/// Degrees in six significant digits where there are enough: `value / 10^decimals`, and one digit
/// more between `least` (in degrees) and ten times that.
fn push_degrees(value: i32, decimals: u32, least: u64, digit: u8, out: &mut Vec<u8>) {
    let (value, digit) = (i64::from(value), i64::from(digit));
    let whole = value.unsigned_abs() / 10u64.pow(decimals);
    if (least..least * 10).contains(&whole) {
        push_decimal(value * 10 + value.signum() * digit, decimals + 1, out);
    } else {
        push_decimal(value, decimals, out);
    }
}

/// A random UUID (version 4, RFC 9562).
fn push_uuid(high: u64, low: u64, out: &mut Vec<u8>) {
    let high = high & 0xffff_ffff_ffff_0fff | 0x4000;
    let low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
    let (high, low) = (high.to_be_bytes(), low.to_be_bytes());
    for (part, dash) in
        [(&high[..4], true), (&high[4..6], true), (&high[6..], true), (&low[..2], true), (&low[2..], false)]
    {
        push_hex(part, out);
        if dash {
            out.push(b'-');
        }
    }
}

/// A follower count belongs to the poster; one poster of 350 had another one in some posts.
fn followers(person: Person, of_post: &mut Draws, out: &mut Vec<u8>) {
    if person.unreadable() {
        return put(out, "User Info Error");
    }
    let mut draws = person.draws(USE_FOLLOWERS);
    let changed = draws.below(350) == 0 && of_post.below(2) == 0;
    let mut poster = draws.below(1_410);
    let (mut least, mut most, mut suffix) = (10, 99, "k");
    for (from, to, unit, posters) in FOLLOWERS {
        if poster < u64::from(posters) {
            (least, most, suffix) = (u64::from(from), u64::from(to), unit);
            break;
        }
        poster -= u64::from(posters);
    }
    if changed {
        draws.bits();
    }
    push_number(least + draws.below(most - least + 1), out);
    put(out, suffix);
}

/// The URL of the image, of the same form as the real ones.
fn image(shape: &Shape, draws: &mut Draws, out: &mut Vec<u8>) {
    if !shape.downloaded {
        return put(out, "Image src error.");
    }
    let still = shape.medium == Medium::Image;
    put(out, "https://i.pinimg.com/");
    put(out, if still { "originals" } else { "videos/thumbnails/originals" });
    let (high, low) = (draws.bits().to_be_bytes(), draws.bits().to_be_bytes());
    for byte in &high[..3] {
        out.push(b'/');
        push_hex(&[*byte], out);
    }
    out.push(b'/');
    push_hex(&high, out);
    push_hex(&low, out);
    // Of 1,819 real images and 151 thumbnails.
    let end = match (still, draws.below(if still { 1_819 } else { 151 })) {
        (true, 0..298) => ".png",
        (true, 298..309) => ".webp",
        (true, 309..312) => ".gif",
        (true, _) => ".jpg",
        (false, 0..3) => "-00001.jpg",
        (false, _) => ".0000001.jpg",
    };
    put(out, end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::{HashMap, HashSet};

    fn record(kind: PostKind, index: u64) -> Value {
        let mut out = Vec::new();
        Synthetic::new(100).write(kind, index, &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    fn text<'a>(record: &'a Value, field: &str) -> &'a str {
        record[field].as_str().unwrap()
    }

    #[test]
    fn raw_words_need_no_escape() {
        let lists: [&[&str]; 6] = [&FIRST_NAMES, &LAST_NAMES, &POSTER_FIRST, &POSTER_SECOND, &EMOJI, &WORLD];
        for word in lists.into_iter().flatten() {
            assert!(!word.contains(['"', '\\', '\n']), "{word}");
        }
    }

    #[test]
    fn poster_person_and_place_are_one_to_one() {
        let mut known: HashMap<String, (String, String)> = HashMap::new();
        let (mut users, mut places) = (HashSet::new(), HashSet::new());
        for index in 0..3 * BLOCK {
            let (pin, geo, user) =
                (record(PostKind::Pin, index), record(PostKind::Geo, index), record(PostKind::User, index));
            let person = format!(
                "{} {} {} {}",
                user["first_name"], user["last_name"], user["age"], user["date_joined"]
            );
            let place = format!("{} {} {}", geo["latitude"], geo["longitude"], geo["country"]);
            users.insert(person.clone());
            places.insert(place.clone());
            let poster = text(&pin, "poster_name").to_owned();
            let first = known.entry(poster).or_insert((person.clone(), place.clone()));
            assert_eq!(first, &(person, place));
        }
        // One person is the same in all three blocks.
        assert_eq!(known.len(), 3 * 5_307 - 2);
        assert_eq!((users.len(), places.len()), (known.len(), known.len()));
    }

    #[test]
    fn pins_have_the_real_frequencies() {
        let pins: Vec<Value> = (0..BLOCK).map(|index| record(PostKind::Pin, index)).collect();
        let share = |test: &dyn Fn(&Value) -> bool| {
            pins.iter().filter(|pin| test(pin)).count() as f64 / pins.len() as f64
        };
        for (wanted, share) in [
            (15.0, share(&|pin| text(pin, "poster_name") == "User Info Error")),
            (15.0, share(&|pin| text(pin, "title") == "No Title Data Available")),
            (140.0, share(&|pin| text(pin, "description").ends_with("Story format"))),
            (30.0, share(&|pin| text(pin, "description").ends_with("available"))),
            (29.0, share(&|pin| text(pin, "tag_list").starts_with("N,o,"))),
            (49.0, share(&|pin| pin["downloaded"] == 0)),
            (49.0, share(&|pin| text(pin, "image_src") == "Image src error.")),
            (1_819.0, share(&|pin| text(pin, "is_image_or_video") == "image")),
        ] {
            let wanted: f64 = wanted / 2_019.0;
            assert!((share - wanted).abs() < 0.1 * wanted + 0.002, "{share} for {wanted}");
        }
        let categories: HashSet<&str> = pins.iter().map(|pin| text(pin, "category")).collect();
        assert_eq!(categories.len(), 13);
    }

    #[test]
    fn the_bytes_are_those_of_this_version() {
        let mut out = Vec::new();
        for index in (0..1_000).chain(1_000_000_000..1_000_001_000) {
            for kind in PostKind::ALL {
                Synthetic::new(100).write(kind, index, &mut out);
                out.push(b'\n');
            }
        }
        let hash = xxhash_rust::xxh3::xxh3_64(&out);
        assert_eq!((SYNTHETIC_VERSION, hash), (1, GOLDEN), "{hash:#x}");
    }

    /// xxh3-64 of 2,000 posts under seed 100, version 1.
    const GOLDEN: u64 = 0xddc7_9dca_fd4e_8d1c;
}
