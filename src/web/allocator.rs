//! The allocator of the browser build: a free list for each power of two, and memory that only grows.
//!
//! Half a kilobyte where the standard one is five, and as quick (a list pop, a list push). A block may be up to twice as
//! large as what was asked for; what is freed is used again for its own size only. A client holds some hundred kilobytes,
//! so neither is felt. No crate: the small ones measured are quadratic or three times this size.
#![expect(unsafe_code, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32::{memory_grow, memory_size};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

/// A page of wasm memory.
const PAGE: usize = 1 << 16;

/// The smallest block: room for the link of a free list, aligned for every number.
const SMALLEST: usize = 16;

#[global_allocator]
static ALLOCATOR: PowersOfTwo = PowersOfTwo(UnsafeCell::new(State { free: [null_mut(); 32], next: 0, end: 0 }));

struct PowersOfTwo(UnsafeCell<State>);

struct State {
    /// The first free block of each power of two; each block holds the address of the next.
    free: [*mut u8; 32],
    /// Memory that was never used.
    next: usize,
    end: usize,
}

// SAFETY: this build has no threads.
unsafe impl Sync for PowersOfTwo {}

// SAFETY: blocks are disjoint, as large as their power of two and aligned to 16; larger alignments are refused. Nothing
// here allocates, so the state is never borrowed twice.
unsafe impl GlobalAlloc for PowersOfTwo {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let state = unsafe { &mut *self.0.get() };
        let power = power_of(layout.size());
        match state.free.get_mut(power as usize) {
            Some(first) if layout.align() <= SMALLEST => match *first {
                block if block.is_null() => state.fresh(1 << power),
                block => {
                    *first = unsafe { block.cast::<*mut u8>().read() };
                    block
                }
            },
            _ => null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let state = unsafe { &mut *self.0.get() };
        if let Some(first) = state.free.get_mut(power_of(layout.size()) as usize) {
            unsafe { block.cast::<*mut u8>().write(*first) };
            *first = block;
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if power_of(size) == power_of(layout.size()) {
            return block;
        }
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !moved.is_null() {
            unsafe {
                block.copy_to_nonoverlapping(moved, size.min(layout.size()));
                self.dealloc(block, layout);
            }
        }
        moved
    }
}

impl State {
    /// A block that was never used, from memory that grows as it must.
    fn fresh(&mut self, size: usize) -> *mut u8 {
        if self.end - self.next < size {
            let start = memory_size(0) * PAGE;
            if start != self.end {
                self.next = start;
            }
            let missing = size - (start - self.next);
            if memory_grow(0, missing.div_ceil(PAGE)) == usize::MAX {
                return null_mut();
            }
            self.end = memory_size(0) * PAGE;
        }
        let block = self.next;
        self.next += size;
        block as *mut u8
    }
}

/// The power of two of the block for a size.
fn power_of(size: usize) -> u32 {
    size.max(SMALLEST).next_power_of_two().trailing_zeros()
}
