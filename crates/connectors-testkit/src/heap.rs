//! Counts the bytes that the process holds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator with two counters: what is held now, and the most that was held.
///
/// [`contract!`](crate::contract) makes it the allocator of its program.
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

#[expect(unsafe_code, reason = "an allocator can't be written without; every call goes to the system's")]
// SAFETY: each method hands its arguments to the system's allocator unchanged and returns what that
// returns; the counters touch no memory of the caller.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        took(size);
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn took(bytes: usize) {
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
