"""An application in a pod: on port 8000 it tells each caller the address it came from."""

import socket

if __name__ == "__main__":
    with socket.create_server(("0.0.0.0", 8000)) as server:
        print("listening", flush=True)
        while True:
            connection, peer = server.accept()
            with connection:
                connection.sendall(peer[0].encode())
