"""What tests compare the package with: exact results, closed forms and slower ways, which nothing in it uses."""
