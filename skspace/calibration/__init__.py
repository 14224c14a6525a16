"""Sensors of unknown gain: calibrated on the signal they measure."""

from ._blind_gains import BlindCalibrationResult, blind_gain_calibration

__all__ = ["BlindCalibrationResult", "blind_gain_calibration"]
