"""What each of V next tokens would make of VADER's score."""
