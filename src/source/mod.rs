//! Where records come from: files, folders, archives, the landing, the three tables.
//!
//! `plan` says what is new, `split` cuts it into tasks, [`TaskReader`] reads a task into chunks,
//! `marks` books what was read. Bytes come from a [`Store`]: a folder of this machine or a bucket.

mod archive;
mod location;
mod store;

pub use archive::{Archive, Broken, Inflate};
pub use location::{Location, Place, is_hidden};
pub use store::{Meta, Names, Options, Store};
