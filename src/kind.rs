//! Kinds are data: a kind is a plan, a table of (raw fields, rule, column).
//!
//! Reader, cleaner, schema, DDL, quarantine, emulator and command line all work from the plan.
//! Pin, geo and user are three constants of it; a user's kind is one more table in `pinlake.toml`.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::clean::placeholder::Placeholder;
use crate::error::{Error, Result};

/// Format version of a plan's JSON; another one is refused.
pub const PLAN_VERSION: u32 = 1;

/// The names under which a record's key may stand, whatever its kind.
pub const KEY_NAMES: [&str; 2] = ["index", "ind"];

/// Column name of the key in every clean table.
pub const KEY_COLUMN: &str = "ind";

/// How raw fields become one clean column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Text; placeholders and the empty string are null.
    Text,
    /// A count with thousands commas and k, M, B suffixes.
    Count,
    /// Text without a leading prefix, dropped once; nothing left is null.
    Prefix(String),
    /// A whole number within bounds, both included.
    Integer(i32, i32),
    /// A finite number within bounds, both included.
    Number(f64, f64),
    /// Two fields, latitude and longitude in degrees, as one pair.
    Coordinates,
    /// A date and time without zone.
    Timestamp,
    /// Several text fields with a separator between them; null ones are left out.
    Joined(String),
    /// 0, 1, true or false.
    Boolean,
}

/// One clean column: its name, its rule and the raw fields it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FlatColumn", into = "FlatColumn")]
pub struct Column {
    /// Name of the clean column.
    pub name: String,
    /// Raw field names, in the order the rule wants them.
    pub fields: Vec<String>,
    /// How the fields become the column.
    pub rule: Rule,
    /// Texts that mean "missing" in any of the fields, whatever the rule.
    pub placeholders: Vec<Placeholder>,
    /// What the column holds, for people who read the table.
    pub comment: String,
}

/// A column as it stands in JSON and TOML: the rule's parameters beside its name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlatColumn {
    name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    separator: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    placeholders: Vec<Placeholder>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    comment: String,
}

/// The rules by name, as plans spell them.
pub const RULES: [&str; 9] =
    ["text", "count", "prefix", "integer", "number", "coordinates", "timestamp", "joined", "boolean"];

impl TryFrom<FlatColumn> for Column {
    type Error = String;

    fn try_from(flat: FlatColumn) -> Result<Self, String> {
        let name = flat.name;
        let (mut prefix, mut min, mut max, mut separator) = (flat.prefix, flat.min, flat.max, flat.separator);
        let whole = |bound: Option<f64>, default: i32| match bound {
            None => Ok(default),
            Some(value) if value.fract() == 0.0 && value.abs() <= f64::from(i32::MAX) =>
            {
                #[allow(clippy::cast_possible_truncation, reason = "checked in the guard")]
                Ok(value as i32)
            }
            Some(value) => Err(format!("column {name:?}: {value} is no 32-bit whole number")),
        };
        let rule = match flat.rule.as_str() {
            "text" => Rule::Text,
            "count" => Rule::Count,
            "prefix" => Rule::Prefix(
                prefix.take().ok_or_else(|| format!("column {name:?}: rule prefix needs `prefix`"))?,
            ),
            "integer" => Rule::Integer(whole(min.take(), 0)?, whole(max.take(), i32::MAX)?),
            "number" => Rule::Number(min.take().unwrap_or(f64::MIN), max.take().unwrap_or(f64::MAX)),
            "coordinates" => Rule::Coordinates,
            "timestamp" => Rule::Timestamp,
            "joined" => Rule::Joined(separator.take().unwrap_or_else(|| " ".into())),
            "boolean" => Rule::Boolean,
            other => {
                return Err(format!(
                    "column {name:?}: unknown rule {other:?}, known are {}",
                    RULES.join(", ")
                ));
            }
        };
        for (left, given) in [
            ("prefix", prefix.is_some()),
            ("min", min.is_some()),
            ("max", max.is_some()),
            ("separator", separator.is_some()),
        ] {
            if given {
                return Err(format!("column {name:?}: rule {} takes no `{left}`", flat.rule));
            }
        }
        let fields = if flat.fields.is_empty() { vec![name.clone()] } else { flat.fields };
        Ok(Self { name, fields, rule, placeholders: flat.placeholders, comment: flat.comment })
    }
}

impl From<Column> for FlatColumn {
    fn from(column: Column) -> Self {
        let mut flat = Self {
            name: column.name,
            fields: column.fields,
            placeholders: column.placeholders,
            comment: column.comment,
            ..Self::default()
        };
        flat.rule = match column.rule {
            Rule::Text => "text",
            Rule::Count => "count",
            Rule::Prefix(prefix) => {
                flat.prefix = Some(prefix);
                "prefix"
            }
            Rule::Integer(min, max) => {
                (flat.min, flat.max) = (Some(min.into()), Some(max.into()));
                "integer"
            }
            Rule::Number(min, max) => {
                (flat.min, flat.max) = (Some(min), Some(max));
                "number"
            }
            Rule::Coordinates => "coordinates",
            Rule::Timestamp => "timestamp",
            Rule::Joined(separator) => {
                flat.separator = Some(separator);
                "joined"
            }
            Rule::Boolean => "boolean",
        }
        .into();
        flat
    }
}

/// A kind of record: its plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Format version, [`PLAN_VERSION`].
    pub version: u32,
    /// Name, also the last word of its topics and streams.
    pub name: String,
    /// Name of its silver table.
    pub table: String,
    /// The raw name of the key that this kind's records carry.
    pub key: String,
    /// Clean columns behind the key, in order.
    pub columns: Vec<Column>,
    /// Raw fields that only other kinds have: what tells a record of theirs.
    #[serde(default)]
    pub foreign: Vec<String>,
}

/// The topic of a user id and a kind, as the course names it.
#[must_use]
pub fn topic_name(user_id: &str, kind: &str) -> String {
    format!("{user_id}.{kind}")
}

/// The stream of a user id and a kind, as the course names it.
#[must_use]
pub fn stream_name(user_id: &str, kind: &str) -> String {
    format!("streaming-{user_id}-{kind}")
}

impl Kind {
    /// A built-in kind by its name.
    ///
    /// # Errors
    /// [`Error::Config`] if there is none of that name.
    ///
    /// ```
    /// let pin = pinlake::kind::Kind::builtin("pin").unwrap();
    /// assert_eq!(pin.table, "pins");
    /// ```
    pub fn builtin(name: &str) -> Result<Arc<Self>> {
        builtins().iter().find(|kind| kind.name == name).cloned().ok_or_else(|| {
            Error::Config(format!(
                "unknown kind {name:?}: known are pin, geo and user, and those under [kinds] in pinlake.toml"
            ))
        })
    }

    /// Reads and checks a plan.
    ///
    /// # Errors
    /// [`Error::Config`] if it is not JSON of the known version or breaks a rule of plans.
    pub fn from_json(text: &str) -> Result<Self> {
        let mut kind: Self =
            serde_json::from_str(text).map_err(|error| Error::Config(format!("kind plan: {error}")))?;
        kind.check()?;
        if kind.foreign.is_empty() {
            kind.foreign = foreign_fields(&kind);
        }
        Ok(kind)
    }

    /// The plan as JSON text, as [`Kind::from_json`] reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Suffix of the kind's topics: `<user id>.<name>`.
    #[must_use]
    pub fn topic(&self, user_id: &str) -> String {
        topic_name(user_id, &self.name)
    }

    /// Name of the kind's stream.
    #[must_use]
    pub fn stream(&self, user_id: &str) -> String {
        stream_name(user_id, &self.name)
    }

    /// All raw fields behind the key, in plan order: the reader's slots.
    pub fn raw_fields(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flat_map(|column| column.fields.iter().map(String::as_str))
    }

    fn check(&self) -> Result<()> {
        if self.version != PLAN_VERSION {
            return Err(Error::Config(format!(
                "kind plan of version {}: this release reads version {PLAN_VERSION}",
                self.version
            )));
        }
        check_name("kind", &self.name)?;
        check_name("table", &self.table)?;
        if self.key.is_empty() {
            return self.wrong("its key has no name");
        }
        if self.columns.is_empty() {
            return self.wrong("it has no columns");
        }
        let mut names = vec![KEY_COLUMN];
        let mut fields: Vec<&str> = KEY_NAMES.to_vec();
        fields.push(&self.key);
        for column in &self.columns {
            check_name("column", &column.name)?;
            if column.name.starts_with('_') {
                // `_errors`, `_source` and their like stand behind the clean columns, found by name.
                return self.wrong(&format!(
                    "column {:?}: names with a leading _ are those of the columns behind the clean ones",
                    column.name
                ));
            }
            if names.contains(&column.name.as_str()) {
                return self.wrong(&format!("column {:?} stands twice", column.name));
            }
            names.push(&column.name);
            column.check(&self.name)?;
            for field in &column.fields {
                if fields.contains(&field.as_str()) {
                    return self.wrong(&format!("field {field:?} is used twice"));
                }
                fields.push(field);
            }
        }
        Ok(())
    }

    fn wrong<T>(&self, why: &str) -> Result<T> {
        Err(Error::Config(format!("kind {:?}: {why}", self.name)))
    }
}

impl Column {
    fn check(&self, kind: &str) -> Result<()> {
        let wrong = |why: String| Err(Error::Config(format!("kind {kind:?}, column {:?}: {why}", self.name)));
        let wanted = match &self.rule {
            Rule::Coordinates => 2..=2,
            Rule::Joined(_) => 1..=16,
            Rule::Integer(min, max) if min > max => {
                return wrong(format!("min {min} is above max {max}"));
            }
            Rule::Number(min, max) if !(min <= max && min.is_finite() && max.is_finite()) => {
                return wrong(format!("no number lies in {min} to {max}"));
            }
            _ => 1..=1,
        };
        if !wanted.contains(&self.fields.len()) {
            return wrong(format!("the rule takes {} field(s), {} given", wanted.start(), self.fields.len()));
        }
        if self.fields.iter().any(String::is_empty) {
            return wrong("a raw field has no name".into());
        }
        for placeholder in &self.placeholders {
            placeholder.check()?;
        }
        Ok(())
    }
}

/// Names reach SQL quoted, but stay within what every engine takes.
fn check_name(what: &str, name: &str) -> Result<()> {
    let mut bytes = name.bytes();
    let head = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    if head && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Ok(());
    }
    Err(Error::Config(format!(
        "{what} name {name:?}: use lower-case letters, digits and _, not starting with a digit"
    )))
}

/// The three kinds of the pipeline.
#[must_use]
pub fn builtins() -> &'static [Arc<Kind>] {
    static KINDS: LazyLock<Vec<Arc<Kind>>> = LazyLock::new(|| {
        [pin(), geo(), user()]
            .into_iter()
            .map(|mut kind| {
                kind.foreign = foreign_fields(&kind);
                Arc::new(kind)
            })
            .collect()
    });
    &KINDS
}

/// Raw fields of the built-in kinds that `kind` itself does not have.
fn foreign_fields(kind: &Kind) -> Vec<String> {
    let own: Vec<&str> = kind.raw_fields().collect();
    let mut foreign = Vec::new();
    for other in [pin(), geo(), user()] {
        for field in other.raw_fields() {
            if other.name != kind.name && !own.contains(&field) && field != kind.key {
                foreign.push(field.to_owned());
            }
        }
    }
    foreign
}

fn column(name: &str, rule: Rule, fields: &[&str], placeholders: &[&str], comment: &str) -> Column {
    Column {
        name: name.into(),
        fields: fields.iter().map(|&field| field.into()).collect(),
        rule,
        placeholders: placeholders.iter().map(|&text| Placeholder::exact(text)).collect(),
        comment: comment.into(),
    }
}

fn text(name: &str, placeholders: &[&str], comment: &str) -> Column {
    column(name, Rule::Text, &[name], placeholders, comment)
}

fn kind(name: &str, table: &str, key: &str, columns: Vec<Column>) -> Kind {
    Kind {
        version: PLAN_VERSION,
        name: name.into(),
        table: table.into(),
        key: key.into(),
        columns,
        foreign: Vec::new(),
    }
}

// The placeholder texts are those of the real tables, which hold no NULL at all.
fn pin() -> Kind {
    let columns = vec![
        text("unique_id", &[], "UUID of the pin"),
        text("title", &["No Title Data Available"], "Title as posted"),
        text(
            "description",
            &["No description available Story format", "No description available"],
            "Description as posted",
        ),
        column(
            "follower_count",
            Rule::Count,
            &["follower_count"],
            &["User Info Error"],
            "Followers of the poster; 1.5M is 1500000",
        ),
        text("poster_name", &["User Info Error"], "Display name of the poster"),
        text("tag_list", &["N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"], "Tags, separated by commas"),
        text("is_image_or_video", &[], "image, video or multi-video(story page format)"),
        text("image_src", &["Image src error.", "Image src error"], "URL of the image"),
        column(
            "save_location",
            Rule::Prefix("Local save in ".into()),
            &["save_location"],
            &[],
            "Folder the image was saved to",
        ),
        text("category", &[], "One of the site's categories"),
        column("downloaded", Rule::Boolean, &["downloaded"], &[], "Whether the image was downloaded"),
    ];
    kind("pin", "pins", "index", columns)
}

fn geo() -> Kind {
    let columns = vec![
        text("country", &[], "Country name as posted"),
        column(
            "coordinates",
            Rule::Coordinates,
            &["latitude", "longitude"],
            &[],
            "[latitude, longitude] in degrees",
        ),
        column("timestamp", Rule::Timestamp, &["timestamp"], &[], "When it was posted; no time zone"),
    ];
    kind("geo", "geo", "ind", columns)
}

fn user() -> Kind {
    let columns = vec![
        column(
            "user_name",
            Rule::Joined(" ".into()),
            &["first_name", "last_name"],
            &[],
            "First and last name",
        ),
        column("age", Rule::Integer(0, 150), &["age"], &[], "Age in years"),
        column("date_joined", Rule::Timestamp, &["date_joined"], &[], "When the user joined; no time zone"),
    ];
    kind("user", "users", "ind", columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtins_pass_their_own_check_and_survive_json() {
        for kind in builtins() {
            kind.check().unwrap();
            assert_eq!(&Kind::from_json(&kind.to_json()).unwrap(), kind.as_ref());
        }
    }

    #[test]
    fn bad_plans_are_refused_with_the_reason() {
        let good = Kind::builtin("geo").unwrap().to_json();
        for (from, to, why) in [
            ("\"version\":1", "\"version\":2", "version 2"),
            ("\"name\":\"geo\"", "\"name\":\"Geo\"", "lower-case"),
            ("\"name\":\"country\"", "\"name\":\"ind\"", "twice"),
            ("\"name\":\"country\"", "\"name\":\"_errors\"", "leading _"),
            ("\"rule\":\"text\"", "\"rule\":\"texts\"", "texts"),
            ("\"longitude\"", "\"latitude\"", "twice"),
        ] {
            let error = Kind::from_json(&good.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn foreign_fields_are_those_of_the_other_kinds() {
        let geo = Kind::builtin("geo").unwrap();
        assert!(geo.foreign.contains(&"title".to_owned()));
        assert!(geo.foreign.contains(&"age".to_owned()));
        assert!(!geo.foreign.contains(&"country".to_owned()));
    }
}
