//! MySQL and MariaDB: the three tables, as of one moment, page by page.
//!
//! A key column without an index costs a sort of the whole table for each page: give tables of millions
//! of rows one.

mod address;
mod flat;
mod pages;
mod server;
mod settings;
mod snapshot;
mod value;

pub use address::SCHEME;
pub(crate) use pages::quoted;
pub(crate) use server::Server;
pub(crate) use settings::Settings;
pub(crate) use snapshot::columns;
pub use snapshot::{each_row, tables};
