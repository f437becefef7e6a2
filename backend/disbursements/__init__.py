"""Money on its way to the village and out of it: payouts by two people, spending with vouchers."""
