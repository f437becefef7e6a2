"""Who lies where: the 665,276 units of China in five levels, a tree to walk and a search that finds a village."""
