//! A browser without a window, for pages that lie in a folder.

use std::path::Path;
use std::process::Command;

/// The page as it is once its scripts are done.
pub fn dump(page: &Path, width: u32) -> String {
    let size = format!("--window-size={width},1000");
    let arguments = ["--dump-dom", "--virtual-time-budget=60000", size.as_str()];
    String::from_utf8(run(&arguments, page)).unwrap()
}

/// A picture of the page, in PNG.
pub fn picture(page: &Path, width: u32, height: u32) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("page.png");
    let to = format!("--screenshot={}", picture.display());
    let size = format!("--window-size={width},{height}");
    run(&[&to, &size, "--hide-scrollbars"], page);
    std::fs::read(picture).unwrap()
}

/// The page on paper, in PDF.
pub fn printed(page: &Path) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let paper = folder.path().join("page.pdf");
    run(&[&format!("--print-to-pdf={}", paper.display()), "--no-pdf-header-footer"], page);
    std::fs::read(paper).unwrap()
}

fn run(arguments: &[&str], page: &Path) -> Vec<u8> {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--allow-file-access-from-files"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("chromium is missing: apt-get install chromium");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
