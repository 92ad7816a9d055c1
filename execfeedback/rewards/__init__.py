"""Rewards for training loops: one verifier under all, a module for each trainer. No trainer is imported here."""
