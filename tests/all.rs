//! The tests of the whole crate; `src/lib.rs` compiles them into its test binary, so that one runs
//! them by `cargo test --lib all::flow`.

mod account;
mod by_hand;
mod emulate;
mod flow;
#[cfg(feature = "kafka")]
mod kafka;
mod large_payloads;
mod ledger;
mod properties;
mod source_plan;
mod source_read;
mod source_tables;
mod verify_objects;
mod verify_tables;
