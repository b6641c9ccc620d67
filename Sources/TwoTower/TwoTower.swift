// TwoTower
