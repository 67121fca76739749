//! The program whose guest adds two numbers: see `program-bare`.

wasmaot::include_guest!(mod add);

fn main() -> Result<(), wasmaot::Error> {
    let one = std::env::args().count() as i32;
    let mut guest = add::Add::new()?;
    println!("{}", guest.add(41, one)?);
    Ok(())
}
