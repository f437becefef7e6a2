"""The hours that people give: a village's team, its activities, who came, and for how long."""
