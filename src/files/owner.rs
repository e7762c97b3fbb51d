//! Owners and permissions of the files of a database: all belong to the owner of the database, whichever user creates
//! them. Errors name the missing permission.

use super::paths::{folder_of, kind};
use anyhow::{Context as _, anyhow, bail};
use rustix::fs::{Access, AtFlags, CWD, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Permissions of a file that only its owner can read.
const PRIVATE: u32 = 0o600;
/// The kernel follows as many links.
const LINKS_MAX: usize = 40;

/// The owner of the files of a database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    user: u32,
    group: u32,
    /// Permissions of the side files.
    mode: u32,
}

impl Owner {
    /// The owner of that database. Before it exists, the owner of its folder.
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

    /// Refuses to replace a file of another user, unless the new one can be given to that user.
    pub(crate) fn require_chown_allowed(self) -> anyhow::Result<()> {
        let me = rustix::process::geteuid();
        if !me.is_root() && self.user != me.as_raw() {
            let (owner, me) = (named(self.user), named(me.as_raw()));
            bail!("it belongs to {owner}, and {me} cannot give the new one to them: do this as {owner} or as root");
        }
        Ok(())
    }

    /// Warns of a database in the folder of another user, who will not be able to open it.
    pub(crate) fn warn_of_other_owner(self, database: &Path) {
        let me = rustix::process::geteuid();
        if !me.is_root() && self.user != me.as_raw() && self.user != 0 {
            let (owner, me, name) = (named(self.user), named(me.as_raw()), database.display());
            log::warn!("{name} belongs to {me}, and its folder to {owner}, who cannot open it");
        }
    }

    /// The same owner for a file that only the owner may read, whichever users may read the database.
    pub(crate) fn alone(self) -> Owner {
        Owner { mode: PRIVATE, ..self }
    }
}

/// Gives a file that this process has just created to the owner of the database. Only root can give files away. Another
/// user can give the file to the group of the database, so that its owner, who is in that group, can use it.
///
/// # Errors
/// When the system refuses it to root.
pub(crate) fn set_owner(file: &File, owner: Owner) -> std::io::Result<()> {
    let own = file.metadata()?;
    chown_if_needed(file, "", AtFlags::EMPTY_PATH, (own.uid(), own.gid()), owner)?;
    // The permissions of the database for the group are meant for its own group.
    let others = if file.metadata()?.gid() == owner.group { 0 } else { 0o070 };
    let mode = owner.mode & !others;
    if own.mode() & 0o777 != mode {
        // Some file systems have no permissions.
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
        // The system refuses a group that this user is not in.
        let _ = rustix::fs::chownat(fd, path, None, Some(to_group), flags);
    }
    Ok(())
}

/// Does the same for a file at that path which this process has created, without a handle whose closing would drop
/// SQLite's locks. Does not follow links, and ignores files of other users.
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

/// Refuses a side file that does not belong to the database. As root, SQLite would follow some of these files, and
/// would give others to the owner of the database, who may have put them there.
pub(crate) fn require_own_side_file(path: &Path, database: &Metadata) -> anyhow::Result<()> {
    let name = path.display();
    let found = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found.with_context(|| format!("look for {name}"))?,
    };
    if !found.is_file() {
        bail!("{name} is {}, and does not belong to the database: remove it", kind(found.file_type()));
    }
    if found.nlink() > 1 {
        bail!("{name} has {} names (hard links), and does not belong to the database: remove it", found.nlink());
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

/// A user by number, and by name if the machine's own list of users has one.
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

/// Names the missing permission, where the system only says that one is missing. `path` is the file to find, read,
/// write or create.
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

/// The first permission that this process lacks for reading and writing that file, or for creating it.
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
