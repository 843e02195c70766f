//! Titles, descriptions and tags: words of our own in the lengths and with the oddities of the
//! real ones (cut texts that end in `…` and a no-break space, newlines, quotes, emoji, scripts of
//! the world, outer blanks).

use std::sync::LazyLock;

use super::hash::Draws;
use super::json::{push_escaped, push_number};
use super::words::{ADJECTIVES, CLOSERS, EMOJI, LEADS, NOUNS, OPENERS, TAILS, TOPICS, TYPOGRAPHIC, WORLD};

/// A text as the inside of a JSON string, and how many bytes it has more than characters.
struct Piece {
    json: Vec<u8>,
    surplus: usize,
}

impl Piece {
    fn new(text: &str) -> Self {
        let mut json = Vec::new();
        push_escaped(text, &mut json);
        let surplus = json.len() - text.chars().count();
        Self { json, surplus }
    }
}

struct Pieces {
    topics: Vec<Vec<Piece>>,
    typographic: Vec<Piece>,
    world: Vec<Piece>,
    emoji: Vec<Piece>,
}

static PIECES: LazyLock<Pieces> = LazyLock::new(|| {
    let pieces = |texts: &[&str]| texts.iter().map(|text| Piece::new(text)).collect();
    Pieces {
        topics: TOPICS.iter().map(|texts| pieces(texts)).collect(),
        typographic: pieces(&TYPOGRAPHIC),
        world: pieces(&WORLD),
        emoji: pieces(&EMOJI),
    }
});

/// Characters of a long description before it is cut; `…` and the no-break space follow.
const CUT: usize = 177;

/// A text of one post's category in the making.
pub(super) struct Text<'a> {
    draws: Draws,
    topics: &'a [Piece],
    out: &'a mut Vec<u8>,
}

impl<'a> Text<'a> {
    pub(super) fn new(category: usize, draws: Draws, out: &'a mut Vec<u8>) -> Self {
        Self { draws, topics: &PIECES.topics[category], out }
    }

    #[inline]
    fn put(&mut self, text: &str) -> &mut Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    #[inline]
    fn topic(&mut self) -> &mut Self {
        let piece = self.draws.pick(self.topics);
        self.out.extend_from_slice(&piece.json);
        self
    }

    #[inline]
    fn one_of(&mut self, texts: &[&str]) -> &mut Self {
        let text = *self.draws.pick(texts);
        self.put(text)
    }

    fn piece(&mut self, from: &'static [Piece]) -> usize {
        let piece = self.draws.pick(from);
        self.out.extend_from_slice(&piece.json);
        piece.surplus
    }

    fn number(&mut self, least: u64, most: u64) -> &mut Self {
        let number = least + self.draws.below(most - least + 1);
        push_number(number, self.out);
        self
    }

    /// A title, about 50 characters.
    pub(super) fn title(&mut self) {
        // Out of 10,000, as often as in the real titles.
        match self.draws.below(10_000) {
            0..20 => {
                self.one_of(&ADJECTIVES).put("\\n").topic().put(" ").one_of(&NOUNS);
            }
            20..114 => {
                self.put("\\\"").topic().put("\\\" ").one_of(&NOUNS).put(" ").one_of(&TAILS);
            }
            114..119 => {
                self.topic().put(" \\\\ ").one_of(&NOUNS);
            }
            119..134 => {
                self.plain_title();
                self.put(" ");
            }
            134..164 => {
                self.plain_title();
                self.put("…\u{a0}");
            }
            164..248 => {
                self.plain_title();
                self.put(" ").piece(&PIECES.emoji);
            }
            248..322 => {
                self.piece(&PIECES.world);
            }
            322..1_100 => {
                self.piece(&PIECES.typographic);
                self.put(" ").topic().put(" ").one_of(&TAILS);
            }
            _ => self.plain_title(),
        }
    }

    fn plain_title(&mut self) {
        match self.draws.below(8) {
            0..3 => {
                self.number(3, 99).put(" ").one_of(&ADJECTIVES).put(" ").topic();
                self.put(" ").one_of(&NOUNS).put(" ").one_of(&TAILS);
            }
            3 | 4 => {
                self.one_of(&LEADS).put(" ").topic().put(" ").one_of(&TAILS);
            }
            5 => {
                self.one_of(&ADJECTIVES).put(" ").topic().put(" ").one_of(&NOUNS);
            }
            6 => {
                self.topic().put(" ").one_of(&NOUNS).put(" | ").one_of(&ADJECTIVES);
                self.put(" ").topic();
            }
            _ => {
                self.one_of(&LEADS).put(" ").one_of(&ADJECTIVES).put(" ").topic();
                self.put(": ").number(3, 99).put(" ").one_of(&NOUNS).put(" ").one_of(&TAILS);
            }
        }
    }

    /// A description: two of five are cut after 177 characters.
    pub(super) fn description(&mut self) {
        let start = self.out.len();
        let surplus = match self.draws.below(10_000) {
            0..65 => self.piece(&PIECES.world),
            65..135 => self.piece(&PIECES.emoji),
            135..310 => {
                self.put("\\\"").topic().put("\\\"");
                2
            }
            310..800 => self.piece(&PIECES.typographic),
            _ => 0,
        };
        if self.out.len() > start {
            self.put(" ");
        }
        match self.draws.below(10) {
            0..4 => {
                let end = start + CUT + surplus;
                while self.out.len() < end {
                    self.sentence().put(" ");
                }
                self.out.truncate(end);
                self.put("…\u{a0}");
            }
            4 | 5 => self.remark(),
            6 | 7 => {
                self.sentence();
            }
            _ => {
                self.sentence().put(" ").remark();
            }
        }
    }

    fn sentence(&mut self) -> &mut Self {
        self.one_of(&OPENERS).topic().one_of(&CLOSERS)
    }

    fn remark(&mut self) {
        self.one_of(&ADJECTIVES).put(" ").topic().put(" ").one_of(&TAILS).put(".");
    }

    /// Nine tags, no topic twice.
    pub(super) fn tags(&mut self) {
        const STEPS: [usize; 8] = [1, 3, 7, 9, 11, 13, 17, 19]; // coprime to 20 topics
        let mut at = self.draws.place(self.topics.len());
        let step = *self.draws.pick(&STEPS);
        let foreign = self.draws.below(1_000) < 9;
        for tag in 0..9 {
            if tag > 0 {
                self.put(",");
            }
            if foreign && tag == 4 {
                self.piece(&PIECES.world);
                continue;
            }
            self.out.extend_from_slice(&self.topics[at].json);
            if self.draws.below(4) == 0 {
                self.put(" ").one_of(&NOUNS);
            }
            at = (at + step) % self.topics.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(make: impl Fn(&mut Text<'_>)) -> Vec<String> {
        (0..20_000)
            .map(|n| {
                let mut out = b"\"".to_vec();
                make(&mut Text::new(n % 13, Draws::new(1, 2, n as u64), &mut out));
                out.push(b'"');
                serde_json::from_slice(&out).unwrap()
            })
            .collect()
    }

    #[test]
    fn words_that_are_written_raw_need_no_escape() {
        let raw: [&[&str]; 6] = [&ADJECTIVES, &CLOSERS, &LEADS, &NOUNS, &OPENERS, &TAILS];
        for text in raw.into_iter().flatten() {
            assert!(text.is_ascii() && !text.contains(['"', '\\']), "{text}");
        }
        for text in TOPICS.iter().flatten() {
            assert!(text.is_ascii() && !text.contains(['"', '\\', ',']), "{text}");
        }
    }

    #[test]
    fn titles_have_the_real_oddities() {
        let titles = texts(|text| text.title());
        let share = |test: &dyn Fn(&String) -> bool| {
            titles.iter().filter(|title| test(title)).count() as f64 / titles.len() as f64
        };
        assert!((share(&|title| title.contains('\n')) - 0.002).abs() < 0.001);
        assert!((share(&|title| !title.is_ascii()) - 0.097).abs() < 0.01);
        assert!(share(&|title| title.trim() != title) > 0.001);
        assert!(share(&|title| title.contains('"')) > 0.005);
        let length: usize = titles.iter().map(|title| title.chars().count()).sum();
        assert!((40..60).contains(&(length / titles.len())), "{}", length / titles.len());
    }

    #[test]
    fn long_descriptions_are_cut_to_one_length() {
        let descriptions = texts(|text| text.description());
        let cut: Vec<_> = descriptions.iter().filter(|text| text.ends_with("…\u{a0}")).collect();
        assert!((0.38..0.42).contains(&(cut.len() as f64 / descriptions.len() as f64)));
        assert!(cut.iter().all(|text| text.chars().count() == CUT + 2));
    }

    #[test]
    fn tags_are_nine_and_distinct() {
        for tags in texts(|text| text.tags()) {
            let tags: Vec<_> = tags.split(',').collect();
            let distinct: std::collections::HashSet<_> = tags.iter().collect();
            assert_eq!((tags.len(), distinct.len()), (9, 9), "{tags:?}");
        }
    }
}
