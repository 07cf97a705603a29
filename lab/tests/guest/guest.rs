//! A kernel of its own for one script.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use standfast_lab::find_program;

/// A guest that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(240);
/// Where Debian's package puts the modules of the guest's kernel.
const MODULES: &str = "/usr/lib/uml/modules";
/// The packages a guest stands on.
const PACKAGES: &str = "apt-get install user-mode-linux kmod";
/// Where the guest finds the folder that it may write to.
const SHARED: &str = "/mnt";
/// Lets a guest's kernel run on a CPU with more registers than it knows.
const ANY_CPU: &str = include_str!("registers.c");

/// One guest; its folder goes with it.
pub struct Guest {
    kernel: PathBuf,
    folder: PathBuf,
}

/// What a script did.
pub struct Output {
    pub succeeded: bool,
    /// What the script wrote, and the kernel's last words if it did not end.
    pub text: String,
}

impl Guest {
    /// User Mode Linux; or why there is none here.
    pub fn new(name: &str) -> Result<Guest, String> {
        let missing = || format!("User Mode Linux is not installed ({PACKAGES})");
        let kernel = find_program("linux.uml").ok_or_else(missing)?;
        find_program("modprobe").ok_or_else(missing)?;
        if !Path::new(MODULES).is_dir() {
            return Err(missing());
        }
        let folder = PathBuf::from(format!(
            "/var/tmp/standfast-guest-{name}-{}",
            std::process::id()
        ));
        for part in ["shared", "modules/lib"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        symlink(MODULES, folder.join("modules/lib/modules")).unwrap();
        Ok(Guest { kernel, folder })
    }

    /// The folder that the guest may write to, by its name in the guest.
    pub fn shared(&self) -> &'static str {
        SHARED
    }

    /// A file in the shared folder.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join("shared").join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.folder.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn executable(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// Boots, runs the script with bash as root, and ends; or says why no guest boots here.
    pub fn run(&self, script: &str) -> Result<Output, String> {
        self.executable("script", script);
        let init = self.init();
        // With help only where it is needed.
        let ways: [&dyn Fn() -> Command; 2] =
            [&|| Command::new(&self.kernel), &|| self.kernel_on_any_cpu()];
        let booted = ways.into_iter().any(|way| {
            self.boot(way(), &init);
            !self.read("shared/booted").is_empty()
        });
        if !booted {
            return Err(format!(
                "User Mode Linux does not boot:\n{}",
                self.read("kernel")
            ));
        }
        let status = self.read("shared/status");
        let mut text = self.read("shared/console");
        if status.is_empty() {
            text.push_str(&self.read("kernel"));
        }
        Ok(Output {
            succeeded: status.trim() == "0",
            text,
        })
    }

    /// The guest's first process.
    fn init(&self) -> String {
        let folder = self.folder.display();
        let modprobe = self.executable(
            "modprobe",
            &format!("#!/bin/sh\nexec /sbin/modprobe -d {folder}/modules \"$@\"\n"),
        );
        let text = format!(
            "#!/bin/sh\nexport PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb\n\
             mount -t proc proc /proc\nmount -t sysfs sys /sys\nmount -t tmpfs run /run\nmkdir -p /run/netns\n\
             mount -t devtmpfs dev /dev 2>/dev/null\n[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd\n\
             mount -t hostfs -o {folder}/shared none {SHARED}\necho yes > {SHARED}/booted\n\
             echo {modprobe} > /proc/sys/kernel/modprobe\n{modprobe} ipv6\nip link set lo up\n\
             bash {folder}/script > {SHARED}/console 2>&1\necho $? > {SHARED}/status\nsync\n\
             echo o > /proc/sysrq-trigger\nsleep 5\n"
        );
        self.executable("init", &text)
    }

    fn kernel_on_any_cpu(&self) -> Command {
        let source = self.folder.join("registers.c");
        let library = self.folder.join("registers.so");
        fs::write(&source, ANY_CPU).unwrap();
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .status();
        assert!(compiled.is_ok_and(|status| status.success()), "cc failed");
        let mut command = Command::new(&self.kernel);
        command.env("LD_PRELOAD", library);
        command
    }

    fn boot(&self, mut command: Command, init: &str) {
        let console = File::create(self.folder.join("kernel")).unwrap();
        let mut guest = command
            .args(["mem=384M", "umid=guest", "root=/dev/root"])
            .args(["rootfstype=hostfs", "rootflags=/", "ro", "quiet"])
            .args(["con=null", "con0=null,fd:1", "ssl=null"])
            .arg(format!("uml_dir={}", self.folder.display()))
            .arg(format!("init={init}"))
            // The guest's memory lies there.
            .env("TMPDIR", "/dev/shm")
            .stdin(Stdio::null())
            .stderr(console.try_clone().unwrap())
            .stdout(console)
            .spawn()
            .unwrap();
        let end = Instant::now() + LIMIT;
        while guest.try_wait().unwrap().is_none() {
            if Instant::now() > end {
                guest.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // What is left is rubbish in a folder for rubbish.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
