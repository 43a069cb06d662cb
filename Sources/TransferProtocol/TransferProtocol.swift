// TransferProtocol
