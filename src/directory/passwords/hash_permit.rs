//! Permits to compute a hash. They limit concurrent computations and their memory.

use super::password_hash::{Argon2Value, Foreign};
use crate::model::{Error, Result};
use crate::sync::locked;
use anyhow::anyhow;
use argon2::{Argon2, Block, Params};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine as _};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq as _;

/// The longest time by which a refusal is held back so that it takes as long as another would.
pub(super) const TIMING_PAD_MAX: Duration = Duration::from_secs(1);

/// Callers who may wait for a computation; one more is told to try again. A computation takes some 20 ms.
const WAITING_MAX: usize = 256;

/// Computations at a time, on a machine with many processors: each keeps its memory.
const PERMITS_MAX: usize = 8;

/// Working memory is allocated with room for at least so many blocks, of which only those that are used take memory: the
/// C library maps more than 32 MiB on their own, and gives them back to the system when they are freed. It would keep
/// smaller pieces, and after the first of them also other memory.
const CAPACITY_BLOCKS_MIN: usize = 33 << 10;

/// The memory of free permits.
struct FreePermits {
    memory: Vec<WorkingMemory>,
    /// Callers who wait for a permit.
    waiting: usize,
    /// Blocks in the memory of all permits.
    blocks: usize,
}

/// Memory for one computation at a time.
struct WorkingMemory {
    blocks: Vec<Block>,
    used_at: Instant,
}

/// All permits.
pub(super) struct PermitPool {
    /// Memory is kept while logins go on: getting it from the system takes milliseconds.
    free: Mutex<FreePermits>,
    /// Number of permits.
    pub(super) count: usize,
    freed: Condvar,
    /// Held by the computation that takes more memory than is kept.
    pub(super) large: Mutex<()>,
    /// The longest time that a value of another directory has taken beyond the usual.
    longest_extra: Mutex<Duration>,
}

/// The right to compute, with the memory for it; given back when dropped.
pub(in crate::directory) struct HashPermit<'p> {
    pub(super) memory: Vec<Block>,
    /// Blocks that it was taken with.
    pub(super) kept: usize,
    /// The time that a value of another directory has taken beyond the usual.
    pub(super) extra: Duration,
    /// The time for which another large computation was waited for.
    pub(super) waited: Duration,
    pub(super) home: &'p PermitPool,
}

impl PermitPool {
    pub(super) fn new() -> PermitPool {
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(PERMITS_MAX);
        let used_at = Instant::now();
        let memory = (0..count).map(|_| WorkingMemory { blocks: Vec::new(), used_at }).collect();
        let free = Mutex::new(FreePermits { memory, waiting: 0, blocks: 0 });
        PermitPool { free, count, freed: Condvar::new(), large: Mutex::default(), longest_extra: Mutex::default() }
    }

    /// Number of memory blocks that all permits keep.
    pub(super) fn blocks(&self) -> usize {
        locked(&self.free).blocks
    }

    /// Gives the memory of free permits back to the system, if no computation has used it for that time.
    pub(super) fn release_memory(&self, unused_for: Duration) {
        let mut released = Vec::new();
        let mut permits = locked(&self.free);
        for memory in &mut permits.memory {
            if !memory.blocks.is_empty() && memory.used_at.elapsed() >= unused_for {
                released.push(std::mem::take(&mut memory.blocks));
            }
        }
        permits.blocks -= released.iter().map(Vec::len).sum::<usize>();
        drop(permits);
        drop(released);
    }

    /// Waits until one more may compute.
    ///
    /// # Errors
    /// `Unavailable` when too many wait already.
    pub(super) fn permit(&self) -> Result<HashPermit<'_>> {
        let mut permits = locked(&self.free);
        if permits.memory.is_empty() && permits.waiting >= WAITING_MAX {
            return Err(Error::Unavailable("too many passwords are being checked".to_owned()));
        }
        permits.waiting += 1;
        let memory = loop {
            if let Some(memory) = permits.memory.pop() {
                break memory.blocks;
            }
            permits = self.freed.wait(permits).unwrap_or_else(PoisonError::into_inner);
        };
        permits.waiting -= 1;
        Ok(HashPermit { kept: memory.len(), memory, extra: Duration::ZERO, waited: Duration::ZERO, home: self })
    }
}

impl HashPermit<'_> {
    pub(super) fn hash(&mut self, password: &str) -> Result<String> {
        let (mut salt, mut out) = ([0; 16], [0; 32]);
        getrandom::fill(&mut salt).map_err(|error| Error::Internal(anyhow!("get random numbers: {error}")))?;
        self.argon2(&Argon2::default(), password, &salt, &mut out).map_err(hash_failure)?;
        let params = Params::default();
        Ok(format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            params.m_cost(),
            params.t_cost(),
            params.p_cost(),
            BASE64_STANDARD_NO_PAD.encode(salt),
            BASE64_STANDARD_NO_PAD.encode(out)
        ))
    }

    pub(super) fn verify(&mut self, password: &str, value: &Argon2Value) -> bool {
        let argon2 = Argon2::new(value.algorithm, value.version, value.params.clone());
        let mut out = vec![0; value.hash.len()];
        self.argon2(&argon2, password, &value.salt, &mut out).is_ok() && bool::from(out.ct_eq(&value.hash))
    }

    pub(super) fn verify_foreign(&mut self, password: &str, value: &Foreign) -> bool {
        let begun = Instant::now();
        self.waited = Duration::ZERO;
        let right = match value {
            Foreign::Argon2(value) => self.verify(password, value),
            value => value.matches(password),
        };
        if value.cost().is_some() {
            self.extra = begun.elapsed();
            let computed = self.extra.saturating_sub(self.waited);
            let mut longest = locked(&self.home.longest_extra);
            *longest = (*longest).max(computed).min(TIMING_PAD_MAX);
        }
        right
    }

    /// Gives the right back, and lets the refusal take as long as the slowest value of another directory has taken
    /// here: the time must not tell who exists and still has such a value.
    pub(in crate::directory) fn refuse(self) {
        let timing_pad = self.timing_pad();
        drop(self);
        std::thread::sleep(timing_pad);
    }

    pub(super) fn timing_pad(&self) -> Duration {
        locked(&self.home.longest_extra).saturating_sub(self.extra)
    }

    pub(super) fn argon2(
        &mut self,
        argon2: &Argon2<'_>,
        password: &str,
        salt: &[u8],
        out: &mut [u8],
    ) -> argon2::Result<()> {
        let (blocks, home) = (argon2.params().block_count(), self.home);
        if blocks <= Params::default().block_count() {
            return hash_in(&mut self.memory, argon2, password, salt, out);
        }
        // This memory is not kept: the users who need it are renewed at their first login.
        let begun = Instant::now();
        let _turn = locked(&home.large);
        self.waited += begun.elapsed();
        hash_in(&mut Vec::new(), argon2, password, salt, out)
    }
}

/// Computes in that memory, which grows to what it takes.
fn hash_in(
    memory: &mut Vec<Block>,
    argon2: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    out: &mut [u8],
) -> argon2::Result<()> {
    let blocks = argon2.params().block_count();
    if memory.len() < blocks {
        memory.reserve_exact(blocks.max(CAPACITY_BLOCKS_MIN) - memory.len());
        memory.resize(blocks, Block::default());
    }
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory[..blocks])
}

impl Drop for HashPermit<'_> {
    fn drop(&mut self) {
        let blocks = std::mem::take(&mut self.memory);
        let mut permits = locked(&self.home.free);
        permits.blocks += blocks.len() - self.kept;
        permits.memory.push(WorkingMemory { blocks, used_at: Instant::now() });
        drop(permits);
        self.home.freed.notify_one();
    }
}

pub(super) fn hash_failure(error: argon2::Error) -> Error {
    Error::Internal(anyhow!("hash a password: {error}"))
}
