//! Rebuilds when a migration or a bundled toolkit changes: both are embedded in the binary.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=toolkits");
}
