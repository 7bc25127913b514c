import os

print("loading settings", flush=True)
print(os.environ["PAYMENTS_API_KEY"])
