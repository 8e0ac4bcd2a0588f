//! An allocator that notes what it could not give: where memory runs out a module ends at once and says nothing itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, which notes what is refused.
pub struct Allocator;

static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// Bytes of the last request that found no memory; 0 where all did.
pub fn refused() -> usize {
    REFUSED.load(Ordering::Relaxed)
}

fn noted(place: *mut u8, bytes: usize) -> *mut u8 {
    if place.is_null() {
        REFUSED.store(bytes, Ordering::Relaxed);
    }
    place
}

// SAFETY: every request is passed on to the system's allocator as it is, and so is the answer.
unsafe impl GlobalAlloc for Allocator {
    // SAFETY: the caller keeps the promises of the trait.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: they are those of the system's allocator.
        noted(unsafe { System.alloc(layout) }, layout.size())
    }

    // SAFETY: the caller keeps the promises of the trait.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: they are those of the system's allocator.
        noted(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    // SAFETY: the caller keeps the promises of the trait.
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: they are those of the system's allocator.
        noted(unsafe { System.realloc(place, layout, bytes) }, bytes)
    }

    // SAFETY: the caller keeps the promises of the trait.
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: they are those of the system's allocator.
        unsafe { System.dealloc(place, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_noted() {
        let layout = Layout::from_size_align(64, 8).unwrap();
        // SAFETY: the size is not 0, and the place is given back as it came.
        unsafe {
            let place = Allocator.alloc(layout);
            assert!(!place.is_null() && refused() == 0);
            Allocator.dealloc(place, layout);
            // More than any address space.
            let beyond = Layout::from_size_align(isize::MAX as usize - 7, 8).unwrap();
            assert!(std::hint::black_box(Allocator.alloc(beyond)).is_null());
        }
        assert_eq!(refused(), isize::MAX as usize - 7);
    }
}
