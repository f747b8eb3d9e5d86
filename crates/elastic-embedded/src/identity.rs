//! Identifiers nobody chose: documents without an id, indices, points in time.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Its file in a data folder.
pub(crate) const ID: &str = "id";
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Twenty URL-safe characters, unique in this process and, by the randomness of std's hasher and the
/// clock, beyond it.
pub(crate) fn unique() -> String {
    let (random, count) = (random(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut bits =
        (u128::from(random) << 64) | u128::from(millis().wrapping_mul(1 << 20).wrapping_add(count));
    let mut text = String::with_capacity(20);
    for _ in 0..20 {
        text.push(char::from(ALPHABET[(bits & 63) as usize]));
        bits >>= 6;
    }
    text
}

/// The identifier of a data folder, which stands in its file `id`; the folder gets one if it has none.
///
/// # Errors
/// If the file can't be read or written.
pub(crate) fn of_folder(data: &Path) -> std::io::Result<String> {
    let path = data.join(ID);
    match std::fs::read_to_string(&path) {
        Ok(id) if !id.is_empty() => return Ok(id),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let id = unique();
    std::fs::write(path, &id)?;
    Ok(id)
}

/// Milliseconds since the epoch.
pub(crate) fn millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// A number that nobody chose.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
