//! The web page.

/// A file of the page.
pub(super) struct Asset {
    /// Its media type.
    pub(super) kind: &'static str,
    /// What is in it.
    pub(super) bytes: &'static [u8],
}

/// The file that is found under that path.
pub(super) fn asset(_path: &str) -> Option<Asset> {
    None
}
