//! Memory that is needed no longer goes back to the system.

use std::ffi::c_void;
use std::fs;

use crate::Errno;

/// Bytes of /proc/self/maps that are read at most; ours has some hundred lines.
const LONGEST_MAP: usize = 256 * 1024;

/// Gives back what is not in use after a start or a reload: free memory of the heap, and the pages of the program
/// that were mapped for it. Whatever of the program is used again is mapped again, from the page cache; memory that is
/// locked stays.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes a plain number.
    unsafe {
        libc::malloc_trim(0);
    }
    // Nothing is lost without it.
    let _ = unmap_program();
}

fn unmap_program() -> Result<(), Errno> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let program = fs::read_link("/proc/self/exe")?;
    if maps.len() > LONGEST_MAP {
        return Err(Errno(libc::EFBIG));
    }
    for area in program_areas(&maps, &program.to_string_lossy()) {
        let start = std::ptr::with_exposed_provenance_mut::<c_void>(area.start);
        // SAFETY: nobody can have written to these areas, neither the dynamic linker nor we: what is read there next
        // comes from the file as it did the first time.
        unsafe { libc::madvise(start, area.end - area.start, libc::MADV_DONTNEED) };
    }
    Ok(())
}

/// Code of the program and the constants before it. What follows the code also looks read-only, but the dynamic linker
/// has written addresses into it.
fn program_areas(maps: &str, program: &str) -> Vec<std::ops::Range<usize>> {
    let mut areas = Vec::new();
    for line in maps.lines().filter(|line| line.ends_with(program)) {
        let mut fields = line.split_ascii_whitespace();
        let (Some(range), Some(rights)) = (fields.next(), fields.next()) else {
            break;
        };
        let number = |text: &str| usize::from_str_radix(text, 16).ok();
        let bounds = range
            .split_once('-')
            .map(|(start, end)| (number(start), number(end)));
        let Some((Some(start), Some(end))) = bounds else {
            break;
        };
        if end <= start || !matches!(rights, "r--p" | "r-xp") {
            break;
        }
        areas.push(start..end);
        if rights == "r-xp" {
            return areas;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
5500-5600 r--p 00000000 08:01 7    /usr/sbin/standfast
5600-5900 r-xp 00100000 08:01 7    /usr/sbin/standfast
5900-5a00 r--p 00400000 08:01 7    /usr/sbin/standfast
5a00-5b00 rw-p 00500000 08:01 7    /usr/sbin/standfast
7f00-7f10 r-xp 00000000 08:01 9    /usr/lib/libc.so.6
";

    #[test]
    fn only_what_nobody_writes_to_is_unmapped() {
        let areas = program_areas(MAPS, "/usr/sbin/standfast");
        assert_eq!(areas, [0x5500..0x5600, 0x5600..0x5900]);
        assert!(program_areas(MAPS, "/usr/sbin/other").is_empty());
        // A layout that is not known is left alone.
        let writable = MAPS.replace("5500-5600 r--p", "5500-5600 rw-p");
        assert!(program_areas(&writable, "/usr/sbin/standfast").is_empty());
    }

    #[test]
    fn the_program_goes_on_as_before() {
        let text = || "constants, code and the heap".repeat(1000);
        let before = text();
        give_back();
        assert_eq!(before, text());
    }
}
