"""Parts of the after-check: reading numbers, marks, refusals and names out of a text. All pure."""
