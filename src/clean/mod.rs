//! Raw fields → clean columns: one file a rule; a kind's plan says which rule makes which column.
//!
//! A bad field never loses its row: it becomes null, and `_errors` keeps column, code and value.

mod boolean;
mod builder;
mod cleaner;
mod contents;
mod coordinates;
mod count;
mod field;
mod integer;
mod joined;
mod key;
mod meta;
mod number;
mod payloads;
pub mod placeholder;
mod prefix;
mod problem;
mod text;
mod timestamp;
mod typed;

pub use cleaner::{Cleaned, Cleaner, Invalid, Options, Tally};
pub use contents::Contents;
pub use count::parse as follower_count;
pub use key::{digits, whole_number};
pub use meta::{Receipt, receipt_batch, too_large_detail, too_large_text};
pub use payloads::PayloadReader;
pub use problem::{ERROR_CODES, ErrorCode};
pub use timestamp::parse as timestamp;
pub use typed::clean_columns;
