"""The money: transfers that are added and never changed, their one order, and the balances rolled up from them."""
