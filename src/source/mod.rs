//! Where records come from: files, folders, archives, the landing, the three tables.
//!
//! [`plan`] says what is new, [`split()`] cuts it into tasks, [`TaskReader`] reads a task, and
//! [`marks`] book what was read. Bytes come from a [`Store`]: a folder of this machine or a bucket.

mod archive;
#[cfg(feature = "aws")]
pub(crate) mod aws;
mod block;
mod books;
mod csv;
pub mod dotenv;
mod files;
mod fill;
mod form;
mod json;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "kinesis")]
pub mod kinesis;
mod landing;
pub mod layout;
mod lines;
mod listing;
mod local;
mod location;
#[cfg(any(feature = "kafka", feature = "kinesis"))]
pub mod logs;
mod long;
pub mod marks;
#[cfg(feature = "mysql")]
pub mod mysql;
mod names;
mod objects;
mod parquet;
pub mod plan;
mod planning;
mod reader;
#[cfg(any(feature = "s3", feature = "aws"))]
mod runtime;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
mod s3_ranged;
#[cfg(feature = "s3")]
mod s3_read;
#[cfg(any(feature = "kafka", feature = "kinesis", feature = "mysql"))]
mod secret;
#[cfg(any(feature = "kafka", feature = "mysql"))]
mod secrets_manager;
mod split;
mod store;
mod tables;

#[cfg(any(feature = "s3", feature = "aws"))]
pub(crate) use runtime::runtime;

pub use archive::{Archive, Broken, Inflate};
pub use form::{Form, form_of};
pub use location::{Location, Place, is_hidden};
pub use names::{Meta, Names, Options};
pub use objects::Given;
pub use reader::{PayloadReader, TaskReader};
pub use split::split;
pub use store::Store;
pub use tables::{TableRow, table_rows};
