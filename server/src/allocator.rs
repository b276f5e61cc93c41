//! How the system's allocator gives memory back. By itself glibc raises the size from which a block is given back at once
//! to that of the largest block that was freed, up to 32 MiB: after the first large body, bodies stay as holes between
//! small blocks, and the process grows to twice what it holds.
//!
//! The allocator reads its settings when a process starts, so the program starts itself once more, in the same process.

/// Starts the program again with settings of the allocator, if it has none. Returns where it has, or where that fails.
#[cfg(target_env = "gnu")]
pub fn bound() {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    /// From which size a block is given back when it is freed, in bytes: a quarter of the usual largest answer of flags,
    /// and more than almost all requests take.
    const GIVEN_BACK: &str = "262144";
    const SETTINGS: [&str; 3] = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES"];

    if SETTINGS.iter().any(|name| std::env::var_os(name).is_some()) {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut again = Command::new(program);
    again.args(std::env::args_os().skip(1)).env("MALLOC_MMAP_THRESHOLD_", GIVEN_BACK);
    let error = again.env("MALLOC_ARENA_MAX", cores.to_string()).exec();
    tracing::warn!(%error, "the allocator has no settings, and the server may take more memory");
}

#[cfg(not(target_env = "gnu"))]
pub const fn bound() {}
