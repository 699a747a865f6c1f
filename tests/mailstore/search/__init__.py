"""Search, whole: from what people type to what they find."""
