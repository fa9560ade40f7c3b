"""The course of a training."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from cnn.figures import style


def history(table: pd.DataFrame, *, quantity: str, title: str) -> go.Figure:
    """Return one quantity ("loss" or "accuracy") per epoch: training solid, validation dashed."""
    lines = (
        ("training", quantity, style.BLUE, "solid", "circle"),
        ("validation", f"val_{quantity}", style.ORANGE, "dash", "diamond"),
    )
    form = ".2%" if quantity == "accuracy" else ".4f"
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": table["epoch"],
            "y": table[column],
            "line": {"color": colour, "dash": dash, "width": 2},
            "marker": {"symbol": symbol, "size": 6},
            "hovertemplate": f"epoch %{{x}}<br>{name} <b>%{{y:{form}}}</b><extra></extra>",
        }
        for name, column, colour, dash, symbol in lines
    ]
    axis = {"showgrid": True, "zeroline": False, "fixedrange": True}
    return go.Figure(
        data=traces,
        layout={
            **style.frame(title),
            "margin": {"l": 58, "r": 8, "t": 32, "b": 40},
            "showlegend": True,
            "legend": {
                "orientation": "h",
                "x": 1,
                "xanchor": "right",
                "y": 1.02,
                "yanchor": "bottom",
            },
            "xaxis": {**axis, "title": {"text": "epoch", "standoff": 4}, "tickformat": "d"},
            "yaxis": {
                **axis,
                "title": {"text": quantity, "standoff": 4},
                "tickformat": ".0%" if quantity == "accuracy" and _is_wide(table) else None,
            },
            "hovermode": "x unified",
        },
    )


def _is_wide(table: pd.DataFrame) -> bool:
    accuracies = table[["accuracy", "val_accuracy"]].to_numpy(float)
    return accuracies.size > 0 and float(accuracies.max() - accuracies.min()) > 0.05
