"""Brings a fork of this template to a newer template, keeping what is the fork's own."""
