//! Temporary files. Each has a unique name, is locked while it is in use, and is removed when the command ends. If a
//! command is killed, the next command removes its files.
//!
//! A temporary file is two files: `.rollbook-ID.part` has the content, and `.rollbook-ID.held` is locked. The lock is
//! on a file of its own for two reasons: SQLite has locks on the content, which closing a second handle would drop, and
//! some network file systems let only the handle write that has the lock. The held file is created first and removed
//! last.

use super::paths::{folder_of, without_following};
use crate::sync::locked;
use anyhow::{Context as _, bail};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const PREFIX: &str = ".rollbook-";
/// Hexadecimal digits of the random part of a name.
const ID_LENGTH: usize = 32;
const HELD: &str = ".held";
const PART: &str = ".part";
/// Suffixes of the content and of the side files that SQLite and the instance lock create.
const PARTS: [&str; 5] = [".part-journal", ".part-wal", ".part-shm", ".part.lock", PART];
/// The content of a held file, for an operator who finds one. Other versions recognize it.
const MARK: &[u8] = b"rollbook locks this file while it writes the .part file beside it\n";
/// The text before the second name of the content in a held file.
const SECOND: &[u8] = b"second name: ";
/// The longest name of a file, in bytes.
const NAME_LENGTH_MAX: usize = 255;
/// The longest text of a held file, in bytes.
const HELD_LENGTH_MAX: usize = MARK.len() + SECOND.len() + NAME_LENGTH_MAX;
/// Names that are tried until one is free.
const ATTEMPTS: usize = 100;

/// The temporary files of this process.
static TEMP_FILES: Mutex<Vec<Names>> = Mutex::new(Vec::new());
/// Held during a step that a signal must not interrupt.
static STEP: Mutex<()> = Mutex::new(());

/// The names of a temporary file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    folder: PathBuf,
    id: String,
}

impl Names {
    fn path(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{PREFIX}{}{end}", self.id))
    }

    /// Removes the files, the held one last. Returns the number of those with content.
    fn remove(&self) -> usize {
        let removed = PARTS.iter().filter(|end| std::fs::remove_file(self.path(end)).is_ok()).count();
        let _ = std::fs::remove_file(self.path(HELD));
        removed
    }
}

/// A temporary file that only its owner can read. It is removed when the value is dropped, unless it has got another
/// name.
#[derive(Debug)]
pub(crate) struct TempFile {
    names: Names,
    path: PathBuf,
    /// Locked.
    held: File,
}

/// True if a temporary file may have that name.
pub(crate) fn is_temp_file_name(name: &str) -> bool {
    let id = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(PART));
    id.is_some_and(|id| id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl TempFile {
    /// Creates an empty file in the folder of that file, for SQLite: no handle on it is open.
    pub(crate) fn in_folder_of(file: &Path) -> anyhow::Result<TempFile> {
        Ok(TempFile::open_in_folder_of(file)?.0)
    }

    /// Creates an empty file in the folder of that file, open for writing.
    pub(crate) fn open_in_folder_of(file: &Path) -> anyhow::Result<(TempFile, File)> {
        let folder = folder_of(file);
        TempFile::make(folder).with_context(|| format!("create a file in {}", folder.display()))
    }

    fn make(folder: &Path) -> anyhow::Result<(TempFile, File)> {
        for _ in 0..ATTEMPTS {
            let names = Names { folder: folder.to_owned(), id: random_id()? };
            let mut temp_files = locked(&TEMP_FILES);
            let held_path = names.path(HELD);
            let mut held = create_private(&held_path)?;
            // Another command may have taken the unlocked file for a stale one.
            let is_ours = match held.try_lock() {
                // Without locks, no command removes files of another one.
                Ok(()) | Err(TryLockError::Error(_)) => is_same_file(&held, &held_path),
                Err(TryLockError::WouldBlock) => false,
            };
            if !is_ours {
                continue;
            }
            let path = names.path(PART);
            let made = held.write_all(MARK).and_then(|()| create_private(&path));
            let part = made.inspect_err(|_| {
                names.remove();
            })?;
            if part.metadata().is_ok_and(|meta| meta.mode() & 0o077 != 0) {
                log::warn!("others may read files in {}: its file system keeps no modes", folder.display());
            }
            temp_files.push(names.clone());
            return Ok((TempFile { names, path, held }, part));
        }
        bail!("other commands have removed each of {ATTEMPTS} files")
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file, and checks that it is still the one that was created. While SQLite has it open, no other handle
    /// may be closed.
    pub(crate) fn open_own(&self) -> anyhow::Result<File> {
        let file = self.open(OpenOptions::new().read(true)).with_context(|| format!("open {}", self.path.display()))?;
        let found = file.metadata()?;
        if !found.is_file() || found.nlink() != 1 || found.uid() != rustix::process::geteuid().as_raw() {
            bail!("{} is not the file that was made there", self.path.display());
        }
        Ok(file)
    }

    fn open(&self, options: &mut OpenOptions) -> io::Result<File> {
        without_following(options).open(&self.path)
    }

    /// Syncs the content and returns its length.
    pub(crate) fn sync(&self) -> anyhow::Result<u64> {
        let sync = || -> io::Result<u64> {
            let file = self.open(OpenOptions::new().read(true))?;
            file.sync_all()?;
            Ok(file.metadata()?.len())
        };
        sync().with_context(|| format!("sync {}", self.path.display()))
    }

    /// Renames the file. Without `replace`, an existing file of that name is an error.
    pub(crate) fn rename_to(self, name: &Path, replace: bool) -> io::Result<()> {
        // A signal comes either before this, and the file is removed, or after it.
        let temp_files = locked(&TEMP_FILES);
        let renamed = if replace { std::fs::rename(&self.path, name) } else { rename_to_new(&self.path, name) };
        drop(temp_files);
        renamed
    }

    /// Gives the content a second name, until it is renamed or this value is dropped. If the process is killed before,
    /// the next command removes both names. It fails on file systems without hard links.
    pub(crate) fn link_to(&self, name: &Path) -> io::Result<()> {
        let second = [SECOND, name.file_name().unwrap_or_default().as_encoded_bytes()].concat();
        (&self.held).write_all(&second)?;
        std::fs::hard_link(&self.path, name)
    }

    /// Leaves all files in place, as a killed process does.
    #[cfg(test)]
    pub(crate) fn abandon(self) {
        locked(&TEMP_FILES).retain(|names| *names != self.names);
        self.held.unlock().unwrap();
        std::mem::forget(self);
    }

    /// Removes the names of the file. The content exists until the last handle is closed.
    pub(crate) fn into_unnamed(self) -> io::Result<File> {
        self.open(OpenOptions::new().read(true).write(true))
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let mut temp_files = locked(&TEMP_FILES);
        temp_files.retain(|names| *names != self.names);
        self.names.remove();
    }
}

/// Runs `work` while no signal can end the process.
pub(crate) fn uninterrupted<T>(work: impl FnOnce() -> T) -> T {
    let _step = locked(&STEP);
    work()
}

/// Removes the temporary files of this process, and calls `then` before it can create others.
pub(crate) fn remove_all(then: impl FnOnce()) {
    let (_step, temp_files) = (locked(&STEP), locked(&TEMP_FILES));
    for names in temp_files.iter() {
        names.remove();
    }
    then();
}

/// Removes the temporary files of killed commands in the folder of that file, and logs it. It removes only files with
/// one of our names that belong to this process's user or to the owner of the file or folder, and that no process has
/// locked.
pub(crate) fn remove_stale_temp_files(file: &Path) {
    let folder = folder_of(file);
    let count = stale_ids(folder).into_iter().filter(|id| remove_stale_temp_file(folder, file, id)).count();
    match count {
        0 => {}
        1 => log::info!("removed a file in {} that a command had left when it was killed", folder.display()),
        _ => log::info!("removed {count} files in {} that commands had left when they were killed", folder.display()),
    }
}

/// The ids of all temporary files in a folder.
fn stale_ids(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| id_of(entry.file_name())).collect()
}

/// The id in the name of a temporary file.
fn id_of(name: OsString) -> Option<String> {
    let name = name.into_string().ok()?;
    let (id, end) = name.strip_prefix(PREFIX)?.split_at_checked(ID_LENGTH)?;
    let is_id = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_id && (end == HELD || PARTS.contains(&end))).then(|| id.to_owned())
}

fn remove_stale_temp_file(folder: &Path, file: &Path, id: &str) -> bool {
    let names = Names { folder: folder.to_owned(), id: id.to_owned() };
    let held_path = names.path(HELD);
    let is_ours = |meta: &Metadata| {
        let owners = [file.metadata(), folder.metadata()];
        let is_owner = |uid| owners.iter().flatten().any(|owner| owner.uid() == uid);
        meta.is_file() && (meta.uid() == rustix::process::geteuid().as_raw() || is_owner(meta.uid()))
    };
    // All of them are checked before one is removed.
    let mut found = PARTS.iter().filter_map(|end| names.path(end).symlink_metadata().ok());
    if !found.all(|meta| is_ours(&meta)) {
        return false;
    }
    let held = match without_following(OpenOptions::new().read(true)).open(&held_path) {
        // The held file is removed last: no process uses the other files any more.
        Err(error) if error.kind() == ErrorKind::NotFound => return names.remove() > 0,
        Err(_) => return false,
        Ok(held) => held,
    };
    let mut content = Vec::new();
    let is_mark = held.metadata().is_ok_and(|meta| is_ours(&meta))
        && (&held).take(HELD_LENGTH_MAX as u64 + 1).read_to_end(&mut content).is_ok()
        && (MARK.starts_with(&content) || second_name(&content).is_some());
    if !is_mark || held.try_lock().is_err() || !is_same_file(&held, &held_path) {
        return false;
    }
    // Only while both names lead to the content: another file may have the second name by now.
    if let (Some(second), Ok(content)) = (second_name(&content), File::open(names.path(PART))) {
        let moved = [second, &[second, b".new"].concat()].map(|name| folder.join(OsStr::from_bytes(name)));
        for path in moved.iter().filter(|path| is_same_file(&content, path)) {
            let _ = std::fs::remove_file(path);
        }
    }
    names.remove() > 0
}

/// The second name of the content in the text of a held file.
fn second_name(held: &[u8]) -> Option<&[u8]> {
    let name = held.strip_prefix(MARK)?.strip_prefix(SECOND)?;
    (!name.is_empty() && name.len() <= NAME_LENGTH_MAX && !name.contains(&b'/')).then_some(name)
}

/// True if the file still has that name.
fn is_same_file(file: &File, path: &Path) -> bool {
    let (Ok(one), Ok(other)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

fn random_id() -> anyhow::Result<String> {
    let mut bytes = [0; ID_LENGTH / 2];
    getrandom::fill(&mut bytes).context("ask the operating system for random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Creates a file that only its owner can read, whatever the umask. A file system without modes keeps its own.
fn create_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    if file.metadata()?.mode() & 0o777 != 0o600 {
        let _ = file.set_permissions(Permissions::from_mode(0o600));
    }
    Ok(file)
}

/// Renames a file, unless another one has the name.
#[cfg(target_os = "linux")]
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems do not support the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => rename_where_free(from, to),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    rename_where_free(from, to)
}

fn rename_where_free(from: &Path, to: &Path) -> io::Result<()> {
    match to.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => std::fs::rename(from, to),
        Err(error) => Err(error),
        Ok(_) => Err(ErrorKind::AlreadyExists.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is removed with this value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("rollbook-draft-{name}-{}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Folder(path)
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn names(&self) -> Vec<String> {
            let names = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn name(id: u8, end: &str) -> String {
        format!("{PREFIX}{}{end}", format!("{id:02x}").repeat(ID_LENGTH / 2))
    }

    #[test]
    fn a_draft_goes_with_its_value_or_gets_its_name() {
        let folder = Folder::new("name");
        let target = folder.file("target");
        let temp_file = TempFile::in_folder_of(&target).unwrap();
        assert_eq!(folder.names().len(), 2);
        assert_eq!(temp_file.path().metadata().unwrap().mode() & 0o777, 0o600);
        remove_stale_temp_files(&target);
        assert_eq!(folder.names().len(), 2, "a draft in use stays");
        drop(temp_file);
        assert_eq!(folder.names(), [""; 0]);

        let (temp_file, mut file) = TempFile::open_in_folder_of(&target).unwrap();
        file.write_all(b"one").unwrap();
        assert_eq!(temp_file.sync().unwrap(), 3);
        temp_file.rename_to(&target, false).unwrap();
        assert_eq!(folder.names(), ["target"]);
        let refusal = TempFile::in_folder_of(&target).unwrap().rename_to(&target, false).unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::AlreadyExists);
        TempFile::in_folder_of(&target).unwrap().rename_to(&target, true).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"");
        assert_eq!(folder.names(), ["target"]);
    }

    #[test]
    fn leftovers_are_removed_and_nothing_that_only_looks_like_them() {
        let folder = Folder::new("left");
        let write = |name: &str, content: &[u8]| std::fs::write(folder.file(name), content).unwrap();
        // As kill -9 leaves them: with a database, before the mark was written, and before the content was created.
        for end in PARTS {
            write(&name(1, end), b"secret");
        }
        write(&name(1, HELD), MARK);
        write(&name(2, HELD), b"");
        write(&name(2, PART), b"");
        write(&name(3, HELD), &MARK[..7]);
        // The held file was removed by hand.
        write(&name(4, PART), b"secret");
        let mut kept = Vec::new();
        for (name, content) in [
            (name(5, ".other"), b"a".as_slice()),
            (name(5, ".part-other"), b"a"),
            (format!("x{}", name(5, PART)), b"a"),
            (name(5, PART).replacen('0', "g", 1), b"a"),
            (name(5, PART).to_uppercase(), b"a"),
            (name(5, PART)[1..].to_owned(), b"a"),
            ("users.csv.partial-17".to_owned(), b"a"),
            // A user has written into it.
            (name(6, HELD), b"precious"),
            (name(6, PART), b"a"),
        ] {
            write(&name, content);
            kept.push(name);
        }
        std::os::unix::fs::symlink(folder.file("nothing"), folder.file(&name(7, HELD))).unwrap();
        write(&name(7, PART), b"a");
        std::os::unix::fs::symlink(folder.file("nothing"), folder.file(&name(8, PART))).unwrap();
        std::fs::create_dir(folder.file(&name(9, PART))).unwrap();
        kept.extend([name(7, HELD), name(7, PART), name(8, PART), name(9, PART)]);
        kept.sort();
        remove_stale_temp_files(&folder.file("rollbook.db"));
        assert_eq!(folder.names(), kept);
    }

    #[test]
    fn a_second_name_goes_while_it_is_one_of_the_same_file() {
        let folder = Folder::new("second");
        let database = folder.file("rollbook.db");
        for (other, moved) in [("kept", "kept"), ("kept", "kept.new"), ("kept", "rollbook.db")] {
            let (temp_file, mut file) = TempFile::open_in_folder_of(&database).unwrap();
            file.write_all(b"content").unwrap();
            temp_file.link_to(&folder.file(other)).unwrap();
            std::fs::rename(folder.file(other), folder.file(moved)).unwrap();
            if moved == "rollbook.db" {
                std::fs::write(folder.file(other), "of another file").unwrap();
            }
            temp_file.abandon();
            remove_stale_temp_files(&database);
            let left: &[&str] = if moved == "rollbook.db" { &["kept", "rollbook.db"] } else { &[] };
            assert_eq!(folder.names(), left, "{moved}");
        }
        // Texts that only look like a second name.
        for (id, text) in [(1, "second name: ../kept"), (2, "second name: "), (3, "second name kept")] {
            std::fs::write(folder.file(&name(id, HELD)), [MARK, text.as_bytes()].concat()).unwrap();
            std::fs::write(folder.file(&name(id, PART)), "").unwrap();
        }
        remove_stale_temp_files(&database);
        assert_eq!(folder.names().len(), 8);
    }

    #[test]
    fn a_leftover_of_another_user_stays() {
        let folder = Folder::new("other");
        for end in [HELD, PART] {
            std::fs::write(folder.file(&name(1, end)), b"").unwrap();
            if std::os::unix::fs::chown(folder.file(&name(1, end)), Some(12345), None).is_err() {
                // Only root can give files away.
                return;
            }
        }
        remove_stale_temp_files(&folder.file("rollbook.db"));
        assert_eq!(folder.names().len(), 2);
        std::os::unix::fs::chown(&folder.0, Some(12345), None).unwrap();
        remove_stale_temp_files(&folder.file("rollbook.db"));
        assert_eq!(folder.names(), [""; 0], "the owner of the folder is the owner of the database");
    }

    #[test]
    fn drafts_that_begin_while_others_look_for_leftovers_are_left_alone() {
        let folder = Folder::new("race");
        let target = folder.file("target");
        let ended = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                        remove_stale_temp_files(&target);
                    }
                });
            }
            for round in 0..500_u32 {
                let (temp_file, mut file) = TempFile::open_in_folder_of(&target).unwrap();
                file.write_all(&round.to_le_bytes()).unwrap();
                temp_file.rename_to(&target, true).unwrap();
                assert_eq!(std::fs::read(&target).unwrap(), round.to_le_bytes());
            }
            ended.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        assert_eq!(folder.names(), ["target"]);
    }
}
