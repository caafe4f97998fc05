"""A headless browser that draws pages nobody vouches for, and says what it drew."""
