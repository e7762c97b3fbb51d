//! Owners and rights of the files of a database: they belong to whom the database belongs, whichever user makes them, and an
//! error says which right is missing.

use super::paths::{folder_of, kind};
use anyhow::{Context as _, anyhow, bail};
use rustix::fs::{Access, AtFlags, CWD, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The rights of a file that only its owner can read.
const PRIVATE: u32 = 0o600;
/// As many links as the kernel follows.
const LINKS_MAX: usize = 40;

/// Whom the files of a database belong to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    user: u32,
    group: u32,
    /// The rights of the files beside the database.
    mode: u32,
}

impl Owner {
    /// The owner of that database. While there is none, the owner of its folder.
    ///
    /// # Errors
    /// When neither can be found.
    pub(crate) fn of(database: &Path) -> std::io::Result<Owner> {
        let (found, mode) = match database.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => (folder_of(database).metadata()?, PRIVATE),
            found => {
                let found = found?;
                let mode = found.mode() & 0o666;
                (found, mode)
            }
        };
        Ok(Owner { user: found.uid(), group: found.gid(), mode })
    }

    /// Refuses to put a file in the place of one that belongs to another user, unless it can be given to that user.
    pub(crate) fn require_chown_allowed(self) -> anyhow::Result<()> {
        let me = rustix::process::geteuid();
        if !me.is_root() && self.user != me.as_raw() {
            let (owner, me) = (named(self.user), named(me.as_raw()));
            bail!("it belongs to {owner}, and {me} cannot give the new one to them: do this as {owner} or as root");
        }
        Ok(())
    }

    /// Tells of a database that is made in the folder of another user, who will not be able to open it.
    pub(crate) fn warn_of_other_owner(self, database: &Path) {
        let me = rustix::process::geteuid();
        if !me.is_root() && self.user != me.as_raw() && self.user != 0 {
            let (owner, me, name) = (named(self.user), named(me.as_raw()), database.display());
            log::warn!("{name} belongs to {me}, and its folder to {owner}, who cannot open it");
        }
    }

    /// For a file that only the owner may read, whichever users may read the database.
    pub(crate) fn alone(self) -> Owner {
        Owner { mode: PRIVATE, ..self }
    }
}

/// Gives a file that this process has just made to the owner of the database. Only root can give files away. Another
/// user can give the file to the group of the database, so that its owner, who is in that group, can use it.
///
/// # Errors
/// When root may not.
pub(crate) fn set_owner(file: &File, owner: Owner) -> std::io::Result<()> {
    let own = file.metadata()?;
    chown_if_needed(file, "", AtFlags::EMPTY_PATH, (own.uid(), own.gid()), owner)?;
    // The rights of the database are for its own group.
    let others = if file.metadata()?.gid() == owner.group { 0 } else { 0o070 };
    let mode = owner.mode & !others;
    if own.mode() & 0o777 != mode {
        // Some file systems have no rights.
        let _ = rustix::fs::fchmod(file, Mode::from_raw_mode(mode));
    }
    Ok(())
}

fn chown_if_needed(
    fd: impl AsFd,
    path: &str,
    flags: AtFlags,
    (user, group): (u32, u32),
    owner: Owner,
) -> std::io::Result<()> {
    let (to_user, to_group) = (Uid::from_raw(owner.user), Gid::from_raw(owner.group));
    if rustix::process::geteuid().is_root() {
        if (user, group) != (owner.user, owner.group) {
            rustix::fs::chownat(fd, path, Some(to_user), Some(to_group), flags)?;
        }
    } else if group != owner.group {
        // Of a group that this user is not in there is nothing to give.
        let _ = rustix::fs::chownat(fd, path, None, Some(to_group), flags);
    }
    Ok(())
}

/// The same for a file of that name which this process has made, without a handle on it that could be closed: SQLite's
/// locks would go with it. Links are not followed, and files of others are left alone.
///
/// # Errors
/// When root may not.
pub(crate) fn set_owner_of_path(path: &Path, owner: Owner) -> std::io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        opened => opened?,
    };
    let found = rustix::fs::fstat(&file)?;
    let kind = rustix::fs::FileType::from_raw_mode(found.st_mode);
    if found.st_uid != rustix::process::geteuid().as_raw()
        || found.st_nlink != 1
        || !matches!(kind, rustix::fs::FileType::RegularFile | rustix::fs::FileType::Socket)
    {
        return Ok(());
    }
    chown_if_needed(&file, "", AtFlags::EMPTY_PATH, (found.st_uid, found.st_gid), owner)
}

/// Refuses a file beside the database that is none of it. As root, SQLite would follow some of these, and would give
/// others to the owner of the database, who may have put them there.
pub(crate) fn require_own_side_file(path: &Path, database: &Metadata) -> anyhow::Result<()> {
    let name = path.display();
    let found = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found.with_context(|| format!("look for {name}"))?,
    };
    if !found.is_file() {
        bail!("{name} is {}, and no file of the database: remove it", kind(found.file_type()));
    }
    if found.nlink() > 1 {
        bail!("{name} has {} names (hard links), and is no file of the database: remove it", found.nlink());
    }
    if rustix::process::geteuid().is_root() && found.uid() == 0 && database.uid() != 0 {
        let (user, group) = (database.uid(), database.gid());
        bail!(
            "{name} belongs to root, and the database to {}: if it belongs to the database, give it to them \
             (chown {user}:{group} {name}), and else remove it",
            named(user)
        );
    }
    Ok(())
}

/// A user by number, and by name where the machine's own list of users has one.
fn named(user: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(user)).then_some(name)
    });
    match name {
        Some(name) => format!("user {user} ({name})"),
        None => format!("user {user}"),
    }
}

/// Says which right is missing, where the system says only that one is. `path` is the file that was to be found, read,
/// written or made.
pub(crate) fn explain_open_error(error: Error, path: &Path) -> anyhow::Error {
    let name = path.display();
    if error.raw_os_error() == Some(Errno::ROFS.raw_os_error()) {
        return anyhow!("{name} is on a file system that is mounted read-only here");
    }
    if error.kind() != ErrorKind::PermissionDenied {
        return anyhow::Error::new(error).context(format!("open {name}"));
    }
    find_missing_permission(path).unwrap_or_else(|| anyhow::Error::new(error).context(format!("open {name}")))
}

/// The first right that this process does not have on the way to reading and writing that file, or making it.
pub(crate) fn find_missing_permission(path: &Path) -> Option<anyhow::Error> {
    let mut path = std::path::absolute(path).ok()?;
    for _ in 0..LINKS_MAX {
        let mut folders: Vec<&Path> = path.ancestors().skip(1).collect();
        folders.reverse();
        if let Some(folder) = folders.iter().find(|folder| is_denied(folder, Access::EXEC_OK)) {
            return Some(permission_error("folder", folder, "entered"));
        }
        let target: PathBuf = match path.read_link() {
            Ok(target) => folder_of(&path).join(target),
            Err(_) => break,
        };
        path = target;
    }
    let folder = folder_of(&path);
    match path.symlink_metadata() {
        Ok(_) if is_denied(&path, Access::READ_OK) => Some(permission_error("file", &path, "read")),
        Ok(_) if is_denied(&path, Access::WRITE_OK) => Some(permission_error("file", &path, "written")),
        Err(_) if is_denied(folder, Access::WRITE_OK) => Some(permission_error("folder", folder, "written")),
        _ => None,
    }
}

fn is_denied(path: &Path, right: Access) -> bool {
    matches!(rustix::fs::accessat(CWD, path, right, AtFlags::EACCESS), Err(Errno::ACCESS | Errno::PERM | Errno::ROFS))
}

fn permission_error(what: &str, path: &Path, verb: &str) -> anyhow::Error {
    let user = named(rustix::process::geteuid().as_raw());
    let mut said = format!("permission denied: the {what} {} cannot be {verb} by {user}", path.display());
    if let Ok(found) = path.metadata() {
        let (owner, group, mode) = (named(found.uid()), found.gid(), found.mode() & 0o7777);
        said.push_str(&format!("; it belongs to {owner} and group {group}, with mode {mode:04o}"));
    }
    anyhow!(said)
}
