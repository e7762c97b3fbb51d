//! The process that holds a lock, from the kernel's list.

use super::file_id::FileId;
use rustix::fs::{major, minor};

/// The locks of all processes, one a line (proc_locks(5)). The kernel translates the process ids into those of this
/// container, and leaves out other containers.
const LOCKS: &str = "/proc/locks";

/// The process that has locked that file with `flock`. `None` if it is unknown: in another container, on a file system
/// whose numbers differ from those of the kernel (overlays), and where `/proc` is hidden.
pub(super) fn of_lock(file: FileId) -> Option<u32> {
    find(&std::fs::read_to_string(LOCKS).ok()?, file)
}

fn find(locks: &str, file: FileId) -> Option<u32> {
    let (device, number) = (file.device, file.number);
    let wanted = format!("{:02x}:{:02x}:{number}", major(device), minor(device));
    let mut holders = locks.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        // A process that waits for the lock has an arrow in the second column.
        let [_, "FLOCK", _, "WRITE", process, file, ..] = words[..] else { return None };
        (file == wanted).then(|| process.parse().ok()).flatten()
    });
    let holder = holders.next().filter(|holder| *holder != 0);
    // Two processes cannot hold it: these are two files of different systems with the same numbers.
    if holders.next().is_some() { None } else { holder }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::makedev;

    #[test]
    fn only_the_holder_of_the_very_lock_is_named() {
        let file = FileId { device: makedev(0xfd, 1), number: 42 };
        let rows = [
            ("1: FLOCK  ADVISORY  WRITE 4711 fd:01:42 0 EOF\n", Some(4711)),
            ("1: POSIX  ADVISORY  READ 1 fd:01:42 0 9\n2: FLOCK  ADVISORY  WRITE 4711 fd:01:42 0 EOF\n", Some(4711)),
            (
                "1: FLOCK  ADVISORY  WRITE 4711 fd:01:42 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 1 fd:01:42 0 EOF\n",
                Some(4711),
            ),
            ("", None),
            ("1: POSIX  ADVISORY  WRITE 4711 fd:01:42 0 EOF\n", None),
            ("1: FLOCK  ADVISORY  READ 4711 fd:01:42 0 EOF\n", None),
            ("1: FLOCK  ADVISORY  WRITE 4711 fd:02:42 0 EOF\n", None),
            ("1: FLOCK  ADVISORY  WRITE 4711 fd:01:421 0 EOF\n", None),
            ("1: FLOCK  ADVISORY  WRITE 0 fd:01:42 0 EOF\n", None),
            ("1: FLOCK  ADVISORY  WRITE -1 fd:01:42 0 EOF\n", None),
            ("1: FLOCK  ADVISORY  WRITE 1 fd:01:42 0 EOF\n2: FLOCK  ADVISORY  WRITE 2 fd:01:42 0 EOF\n", None),
            ("1: FLOCK\n\n: : :\n", None),
        ];
        for (locks, expected) in rows {
            assert_eq!(find(locks, file), expected, "{locks}");
        }
    }
}
