"""Making sure that what is over is gone: shorter retention, one person's data, and the proof."""
