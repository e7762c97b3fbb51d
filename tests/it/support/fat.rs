//! A FAT file system, which keeps neither modes nor owners.

use super::folder::Folder;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A mounted FAT file system. It is removed with this value.
pub struct Fat {
    _folder: Folder,
    pub path: PathBuf,
}

impl Fat {
    /// Mounts an empty one: by the kernel, or by Debian's package `fusefat`. `None`, with a message, where neither works:
    /// the test is skipped, also in CI.
    pub fn mount() -> Option<Fat> {
        let folder = Folder::new();
        let (image, path) = (folder.path().join("fat.img"), folder.path().join("fat"));
        std::fs::create_dir(&path).expect("a folder");
        std::fs::File::create(&image).and_then(|file| file.set_len(32 << 20)).expect("an image");
        let works = |program: &str, words: &[&str]| {
            let mut command = Command::new(program);
            command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let (image, place) = (image.to_str().expect("text"), path.to_str().expect("text"));
        let is_mounted = works("mkfs.vfat", &[image])
            && (works("mount", &["-t", "vfat", "-o", "loop", image, place])
                || works("fusefat", &["-o", "rw+", image, place]));
        if !is_mounted {
            eprintln!("no FAT file system can be made and mounted here (root, mkfs.vfat, vfat or fusefat): not tested");
            return None;
        }
        Some(Fat { _folder: folder, path })
    }
}

impl Drop for Fat {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}
