//! Counts the bytes that the process holds.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use mimalloc::MiMalloc;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static RESTS: AtomicBool = AtomicBool::new(false);

/// From now on nothing is counted in this process.
pub(crate) fn rest() {
    RESTS.store(true, Relaxed);
}

/// The program's allocator with two counters: what is held now, and the most that was held.
///
/// [`main!`](crate::main) makes it the allocator of its program.
#[derive(Debug, Clone, Copy, Default)]
pub struct CountingAllocator(());

impl CountingAllocator {
    /// For a `#[global_allocator]`.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// Bytes that the program holds now: allocated and not freed, whatever the system keeps for it beside them.
    #[must_use]
    pub fn held(&self) -> usize {
        HELD.load(Relaxed)
    }
}

#[expect(unsafe_code, reason = "an allocator can't be written without; every call goes to the program's")]
// SAFETY: each method hands its arguments to that allocator unchanged and returns what that
// returns; the counters touch no memory of the caller.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        gave(layout.size());
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        took(size);
        gave(layout.size());
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}

fn gave(bytes: usize) {
    if !RESTS.load(Relaxed) {
        HELD.fetch_sub(bytes, Relaxed);
    }
}

fn took(bytes: usize) {
    if RESTS.load(Relaxed) {
        return;
    }
    let held = HELD.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(held, Relaxed);
}

/// How far the heap grows from now on; none where [`CountingAllocator`] is not the program's allocator.
pub(crate) struct Growth {
    from: usize,
}

impl Growth {
    pub(crate) fn begin() -> Option<Self> {
        let from = HELD.load(Relaxed);
        PEAK.store(from, Relaxed);
        (from > 0).then_some(Self { from })
    }

    /// The most that was held since, above what was held then, in bytes.
    pub(crate) fn peak(&self) -> usize {
        PEAK.load(Relaxed).saturating_sub(self.from)
    }
}
