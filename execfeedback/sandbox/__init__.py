"""The seam to what runs programs: the Docker backend, its engine, its images and its slots."""
