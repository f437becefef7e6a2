"""WeChat's interfaces beside payment: who somebody is, round codes, links, words to check, messages, tickets."""
