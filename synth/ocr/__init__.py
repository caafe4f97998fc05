"""Text in pictures: lines, pages, scenes and forms in many languages."""
