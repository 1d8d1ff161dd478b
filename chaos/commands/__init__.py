"""The whole portal at work while everything around it fails: is any write lost, doubled, or told
wrongly? (`make chaos ONLY=commands`)"""
