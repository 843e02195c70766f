//! What sinks of objects hand on.

/// An object to be written.
#[derive(Debug)]
pub(super) struct Object {
    /// Folder below the store's place.
    pub(super) dir: String,
    /// File name in it.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}
